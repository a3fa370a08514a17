// Output that waits for its stream.
#pragma once

#include "airlock/internal/v1/executor_link.pb.h"

namespace airlock::executor {

// Adds a piece of output to the one that waits, where it goes on with it: few
// long messages cost less than many short ones. No chunk gets longer than
// kOutputChunkBytes. Whether it did; if not, nothing has changed. Pure.
bool JoinOutput(const internal::v1::ConnectRequest& message,
                internal::v1::ConnectRequest& waiting);

}  // namespace airlock::executor
