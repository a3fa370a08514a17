// Small files, read with a bound and written whole or not at all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::cli {

// For everybody to read, its owner to write.
inline constexpr mode_t kPublicFileMode = 0644;
// For its owner alone.
inline constexpr mode_t kPrivateFileMode = 0600;

// Makes `path` with exactly `content` and `mode`, durably: a reader sees the
// old file or the new one, never a part. Not for directories others write to.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view content, mode_t mode);

// The whole file. kNotFound: it is not there; kInvalidArgument: it is larger
// than `max_bytes`, or not a regular file.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path,
                                          std::size_t max_bytes);

// Makes the directory and those above it where they are missing; those that
// are made are for their owner alone.
absl::Status MakePrivateDirectory(const std::string& path);

// Holds an exclusive lock on a file, made when missing, while it lives. The
// lock ends with the process at the latest.
class FileLock {
 public:
  // kUnavailable: another process holds it. With `wait` that is waited for.
  static absl::StatusOr<FileLock> Acquire(const std::string& path, bool wait);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace airlock::cli
