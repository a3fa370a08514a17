// Files of this machine that are copied.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::cli {

// A regular file, or standard input, that is read once.
class LocalSource {
 public:
  // kInvalidArgument: it is not a regular file.
  static absl::StatusOr<LocalSource> Open(const std::string& path);
  static LocalSource StandardInput();

  LocalSource(LocalSource&& other) noexcept;
  LocalSource& operator=(LocalSource&&) = delete;
  ~LocalSource();

  // The next bytes: `max_bytes` of them, or fewer if it ends there.
  absl::StatusOr<std::string> Read(std::size_t max_bytes);

  // Permission bits; none of standard input.
  std::optional<mode_t> mode() const { return mode_; }

 private:
  LocalSource(int fd, bool owned, std::optional<mode_t> mode)
      : fd_(fd), owned_(owned), mode_(mode) {}

  int fd_;
  bool owned_;
  std::optional<mode_t> mode_;
};

// A file that takes its place when it is whole, or standard output, which
// takes what comes. What is not committed leaves nothing behind.
class LocalTarget {
 public:
  // In the place of `path`: a regular file, where a symbolic link leads, or
  // nothing yet. kInvalidArgument: there is something else.
  static absl::StatusOr<LocalTarget> Create(const std::string& path);
  static LocalTarget StandardOutput();

  LocalTarget(LocalTarget&& other) noexcept;
  LocalTarget& operator=(LocalTarget&&) = delete;
  ~LocalTarget();

  absl::Status Write(absl::string_view data);

  // Puts it in its place with these permission bits, less the process's umask.
  absl::Status Commit(mode_t mode);

 private:
  LocalTarget(int fd, std::string path, std::string temporary)
      : fd_(fd), path_(std::move(path)), temporary_(std::move(temporary)) {}

  int fd_;
  std::string path_;
  // Empty: there is none, or none any more.
  std::string temporary_;
};

}  // namespace airlock::cli
