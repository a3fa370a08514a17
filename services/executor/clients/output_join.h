// Output that waits for its stream.
#pragma once

#include <cstddef>

#include "airlock/internal/v1/executor_link.pb.h"

namespace airlock::executor {

// The longest chunk that is made of several.
inline constexpr std::size_t kJoinedBytes = std::size_t{64} << 10U;

// Adds a piece of output to the one that waits, where it goes on with it: few
// long messages cost less than many short ones. Whether it did; if not, nothing
// has changed. Pure.
bool JoinOutput(const internal::v1::ConnectRequest& message,
                internal::v1::ConnectRequest& waiting);

}  // namespace airlock::executor
