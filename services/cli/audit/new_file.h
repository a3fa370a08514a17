// A file that was not there before, written in pieces.
#pragma once

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::cli {

// For its owner alone. Removed again unless Finish() was OK, so that nobody
// takes a part for the whole. Not thread-safe.
class NewFile {
 public:
  // kAlreadyExists: something is there; nothing is ever overwritten.
  static absl::StatusOr<NewFile> Create(const std::string& path);

  NewFile(NewFile&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  absl::Status Write(absl::string_view data);
  // Everything is on the disk when this returns OK. The last call.
  absl::Status Finish();

 private:
  NewFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  // -1: finished.
  int fd_;
};

}  // namespace airlock::cli
