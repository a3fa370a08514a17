// A small file beside the store that says how far the store had come.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::policy {

// Tells a store that was put back from a copy from one that was only killed: a
// copy has no mark, or one that is ahead of it. Also the lock that keeps a
// second process away from the store. Not thread-safe.
class MarkFile {
 public:
  // Opens or makes the file and takes its lock, which lasts as long as the
  // object. kFailedPrecondition with reason STORE_IN_USE: another one has it.
  static absl::StatusOr<std::unique_ptr<MarkFile>> Open(
      const std::string& path);

  ~MarkFile();
  MarkFile(const MarkFile&) = delete;
  MarkFile& operator=(const MarkFile&) = delete;

  // Whether a store with this writer and this many commits is older than what
  // was marked, or comes from elsewhere.
  bool IsAheadOf(absl::string_view writer, std::uint64_t commits) const;

  // Marks how far the store has come. It survives the process at once. The
  // first time it is written to the disk as well: after that, what a power cut
  // leaves is an older mark, which says nothing, and never none.
  absl::Status Write(absl::string_view writer, std::uint64_t commits);

 private:
  struct Content;

  MarkFile(std::string path, int fd, Content* content)
      : path_(std::move(path)), fd_(fd), content_(content) {}

  absl::string_view marked_writer() const;
  absl::Status Sync() const;

  const std::string path_;
  const int fd_;
  // The file, mapped.
  Content* const content_;
  bool synced_ = false;
};

}  // namespace airlock::policy
