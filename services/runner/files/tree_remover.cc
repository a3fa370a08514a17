#include "services/runner/files/tree_remover.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace airlock::runner {

FileError TreeRemover::Remove(const std::string& name) {
  struct stat status {};
  if (::fstat(parent_, &status) != 0) return FileErrorFromErrno(errno, path_);
  device_ = status.st_dev;
  FileError error = Enter(parent_, name);
  while (error.ok() && !levels_.empty()) error = RemoveEntries();
  return error;
}

FileError TreeRemover::Enter(int parent, const std::string& name) {
  UniqueFd directory(
      ::openat(parent, name.c_str(),
               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // Gone, or something else meanwhile: the next look will tell.
  if (!directory.valid() &&
      (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    return {};
  }
  struct stat status {};
  if (!directory.valid() || ::fstat(directory.get(), &status) != 0) {
    return Failure(errno, name);
  }
  if (status.st_dev != device_) {
    FileError error = Failure(0, name);
    error.end = FileEnd::kPathRefused;
    error.message += " is another file system, which is not entered";
    return error;
  }
  Level level;
  level.name = name;
  level.inode = status.st_ino;
  level.entries = DirectoryStream(std::move(directory));
  if (!level.entries.valid()) return Failure(errno, name);
  levels_.push_back(std::move(level));
  if (levels_.size() > kMaxOpen) {
    levels_[levels_.size() - 1 - kMaxOpen].entries = {};
  }
  return {};
}

FileError TreeRemover::RemoveEntries() {
  DirectoryStream& entries = levels_.back().entries;
  std::string name;
  int error = 0;
  while (entries.Next(name, error)) {
    if (::unlinkat(entries.fd(), name.c_str(), 0) == 0 || errno == ENOENT) {
      continue;
    }
    if (errno == EISDIR) return Enter(entries.fd(), name);
    return Failure(errno, name);
  }
  if (error != 0) return Failure(error, ".");
  return LeaveEmpty();
}

FileError TreeRemover::LeaveEmpty() {
  Level& level = levels_.back();
  int above = parent_;
  if (levels_.size() > 1) {
    Level& parent = levels_[levels_.size() - 2];
    if (!parent.entries.valid()) {
      if (FileError error = Reopen(level, parent); !error.ok()) return error;
    }
    above = parent.entries.fd();
  }
  if (::unlinkat(above, level.name.c_str(), AT_REMOVEDIR) == 0 ||
      errno == ENOENT) {
    levels_.pop_back();
    return {};
  }
  if ((errno == ENOTEMPTY || errno == EEXIST) && level.passes < kMaxPasses) {
    ++level.passes;
    level.entries.Rewind();
    return {};
  }
  return Failure(errno == EEXIST ? ENOTEMPTY : errno, ".");
}

FileError TreeRemover::Reopen(const Level& child, Level& parent) const {
  UniqueFd directory(
      ::openat(child.entries.fd(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!directory.valid() || ::fstat(directory.get(), &status) != 0) {
    return Failure(errno, "..");
  }
  if (status.st_dev != device_ || status.st_ino != parent.inode) {
    return {FileEnd::kFailed,
            "a directory of " + Quote(path_) + " was moved meanwhile"};
  }
  parent.entries = DirectoryStream(std::move(directory));
  if (!parent.entries.valid()) return Failure(errno, "..");
  return {};
}

FileError TreeRemover::Failure(int error, const std::string& name) const {
  std::string path = path_;
  if (levels_.size() > 1) path += "/...";
  if (!levels_.empty()) path += "/" + name;
  if (error == 0) return {FileEnd::kFailed, Quote(path)};
  return FileErrorFromErrno(error, path);
}

}  // namespace airlock::runner
