// All of standard input, before it is sent.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/statusor.h"

namespace airlock::cli {

// What the services take at most.
inline constexpr std::size_t kMaxInputBytes = std::size_t{8} << 20;

// Whether something feeds `fd`: a pipe, a socket or a file, not a terminal or
// /dev/null.
bool IsFed(int fd);

// Reads `fd` to its end. After two seconds of waiting `on_wait` is called,
// once. kInvalidArgument: there are more than `max_bytes`.
absl::StatusOr<std::string> ReadToEnd(int fd, std::size_t max_bytes,
                                      const std::function<void()>& on_wait);

}  // namespace airlock::cli
