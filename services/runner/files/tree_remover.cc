#include "services/runner/files/tree_remover.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "services/runner/files/beneath.h"

namespace airlock::runner {

FileError TreeRemover::Remove(const std::string& name) {
  FileError error = Enter(parent_, name);
  if (error.ok() && levels_.empty()) {
    return {FileEnd::kFailed, Quote(path_) + " was replaced meanwhile"};
  }
  while (error.ok() && !levels_.empty()) error = RemoveEntries();
  return error;
}

FileError TreeRemover::Enter(int parent, const std::string& name) {
  UniqueFd directory = OpenBeneath(
      parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK, 0,
      RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
  // Gone, or something else meanwhile: the next look will tell.
  if (!directory.valid() &&
      (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) {
    return {};
  }
  struct stat status {};
  if (!directory.valid() || ::fstat(directory.get(), &status) != 0) {
    return Failure(errno, name);
  }
  Level level;
  level.name = name;
  level.device = status.st_dev;
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
  if (status.st_dev != parent.device || status.st_ino != parent.inode) {
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
  if (error == EXDEV) {
    return {FileEnd::kPathRefused,
            Quote(path) + " is another file system, which is not entered"};
  }
  return FileErrorFromErrno(error, path);
}

}  // namespace airlock::runner
