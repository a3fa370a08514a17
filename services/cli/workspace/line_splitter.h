// Lines out of bytes that come in pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::cli {

// Calls `on_line` with each line, without its newline. Not thread-safe.
class LineSplitter {
 public:
  using OnLine = std::function<absl::Status(absl::string_view line)>;

  explicit LineSplitter(OnLine on_line) : on_line_(std::move(on_line)) {}

  // The first error of `on_line`; kResourceExhausted: a line is longer than
  // 64 KiB.
  absl::Status Add(absl::string_view data);

  // kDataLoss: the last line has no end.
  absl::Status Finish() const;

 private:
  const OnLine on_line_;
  std::string begun_;
};

}  // namespace airlock::cli
