// Unbuffered output.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::cli {

// Writes all of `data` to `fd` at once, waiting where that takes long. An
// error if `fd` takes no more, such as a pipe nobody reads; the process must
// ignore SIGPIPE for that.
absl::Status WriteFully(int fd, absl::string_view data);

}  // namespace airlock::cli
