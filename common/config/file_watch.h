// Noticing that a file was changed, by looking again and again.
#pragma once

#include <sys/stat.h>

#include <string>

#include "absl/time/time.h"
#include "common/time/clock.h"

namespace airlock {

// What tells one content of a file from another. All zero: there is no file.
struct FileVersion {
  ino_t inode = 0;
  off_t size = -1;
  timespec modified = {};
  timespec changed = {};

  bool operator==(const FileVersion& other) const;
};

// What stands at `path` now; symbolic links are followed.
FileVersion VersionOfFile(const std::string& path);

// Tells of a change only when the file has stayed as it is for a moment: what
// is being written is not half read. Looking, not inotify: it also sees a file
// on a network, and one that is replaced through a symbolic link above it.
// Not thread-safe.
class FileWatch {
 public:
  // What stands at `path` now counts as known. `clock` must outlive this.
  FileWatch(std::string path, absl::Duration settle, const Clock& clock);

  // Whether there is a version that has not been told of, unchanged for
  // `settle`. True once for each version.
  bool Settled();

  // What stands there now counts as known, settled or not.
  void Skip();

 private:
  const std::string path_;
  const absl::Duration settle_;
  const Clock& clock_;
  // The one that was told of.
  FileVersion known_;
  // The last one seen, and since when, on the monotonic clock.
  FileVersion seen_;
  absl::Duration seen_since_;
};

}  // namespace airlock
