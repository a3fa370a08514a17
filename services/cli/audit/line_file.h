// Files of lines, however long the file is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::cli {

// Calls `on_line` with each line of a file, without its newline; "-" is
// standard input. Holds one line at a time. The first error of `on_line`;
// kNotFound and others: the file cannot be read; kResourceExhausted: a line is
// longer than `max_line_bytes`; kDataLoss: the last line has no end.
absl::Status ForEachLine(
    const std::string& path, std::size_t max_line_bytes,
    const std::function<absl::Status(absl::string_view line)>& on_line);

}  // namespace airlock::cli
