#include "common/config/file_watch.h"

#include <utility>

namespace airlock {
namespace {

bool Same(const timespec& left, const timespec& right) {
  return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

}  // namespace

bool FileVersion::operator==(const FileVersion& other) const {
  return inode == other.inode && size == other.size &&
         Same(modified, other.modified) && Same(changed, other.changed);
}

FileVersion VersionOfFile(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size, info.st_mtim, info.st_ctim};
}

FileWatch::FileWatch(std::string path, absl::Duration settle,
                     const Clock& clock)
    : path_(std::move(path)),
      settle_(settle),
      clock_(clock),
      known_(VersionOfFile(path_)),
      seen_(known_),
      seen_since_(clock.Monotonic()) {}

bool FileWatch::Settled() {
  const FileVersion version = VersionOfFile(path_);
  if (!(version == seen_)) {
    seen_ = version;
    seen_since_ = clock_.Monotonic();
  }
  if (seen_ == known_ || clock_.Monotonic() - seen_since_ < settle_) {
    return false;
  }
  known_ = seen_;
  return true;
}

void FileWatch::Skip() {
  known_ = VersionOfFile(path_);
  seen_ = known_;
}

}  // namespace airlock
