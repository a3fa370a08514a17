#include "services/runner/files/write_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>

#include "services/runner/files/beneath.h"
#include "services/runner/files/copy.h"
#include "services/runner/files/pending_file.h"

namespace airlock::runner {
namespace {

constexpr std::uint32_t kDefaultMode = 0644;
constexpr std::uint32_t kPermissionBits = 0777;

FileError CheckName(const WorkspacePath& path) {
  if (path.is_workspace() || path.names_directory()) {
    return {FileEnd::kPathRefused,
            "the path must name a file, not a directory"};
  }
  if (path.name() == kPendingName) {
    return {FileEnd::kPathRefused,
            "the name " + Quote(kPendingName) + " is kept for Airlock"};
  }
  return {};
}

// The directory of the file, which is this program's alone as long as it is
// open.
FileError OpenParent(int root, const WorkspacePath& path, UniqueFd& out) {
  std::string failed;
  const UniqueFd directory =
      MakeDirectories(root, path.parent(), Sync::kYes, failed);
  if (!directory.valid()) return FileErrorFromErrno(errno, failed);
  out = UniqueFd(
      ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!out.valid()) return FileErrorFromErrno(errno, failed);
  while (::flock(out.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return FileErrorFromErrno(errno, failed);
  }
  return {};
}

// What is at the path; nothing if nothing is.
FileError LookAtTarget(int directory, const FileCommand& command,
                       std::optional<struct stat>& out) {
  const std::string name(command.path.name());
  const std::string path = command.path.relative();
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return FileErrorFromErrno(errno, path);
  }
  out = status;
  if (S_ISLNK(status.st_mode)) {
    return {FileEnd::kPathRefused,
            Quote(path) + " is a symbolic link, which is not written through"};
  }
  if (!S_ISREG(status.st_mode)) {
    return {FileEnd::kNotAFile, Quote(path) + " is not a regular file"};
  }
  if (command.existing == Existing::kRefuse) {
    return {FileEnd::kExists, Quote(path) + " is there already"};
  }
  // The directory alone would let it be replaced.
  if (::faccessat(directory, name.c_str(), W_OK,
                  AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0) {
    return FileErrorFromErrno(errno, path);
  }
  return {};
}

FileError CopyOldContent(int directory, const WorkspacePath& path, int to) {
  const UniqueFd old(
      ::openat(directory, std::string(path.name()).c_str(),
               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!old.valid() || ::fstat(old.get(), &status) != 0) {
    return FileErrorFromErrno(errno, path.relative());
  }
  if (!S_ISREG(status.st_mode)) {
    return {FileEnd::kNotAFile,
            Quote(path.relative()) + " is not a regular file"};
  }
  const Copied copied = Copy(old.get(), to, UINT64_MAX);
  if (copied.ok()) return {};
  return FileErrorFromErrno(
      copied.write_error != 0 ? copied.write_error : copied.read_error,
      path.relative());
}

FileError TakeContent(const FileCommand& command, int input, int to) {
  const Copied copied = Copy(input, to, command.size);
  if (copied.write_error != 0) {
    return FileErrorFromErrno(copied.write_error, command.path.relative());
  }
  char more = 0;
  ssize_t count = 0;
  do {
    count = ::read(input, &more, 1);
  } while (count < 0 && errno == EINTR);
  if (copied.read_error != 0 || copied.bytes != command.size || count != 0) {
    return {FileEnd::kFailed, "the content did not come whole"};
  }
  return {};
}

FileError Publish(PendingFile& pending, const FileCommand& command,
                  std::uint32_t mode, int directory) {
  if (::fchmod(pending.fd(), mode) != 0 || ::fsync(pending.fd()) != 0) {
    return FileErrorFromErrno(errno, command.path.relative());
  }
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  const bool replace = command.existing != Existing::kRefuse;
  if (!pending.Publish(std::string(command.path.name()), replace) ||
      !SyncDirectory(directory)) {
    return FileErrorFromErrno(errno, command.path.relative());
  }
  return {};
}

}  // namespace

FileError WriteFile(int root, const FileCommand& command, int input) {
  if (FileError error = CheckName(command.path); !error.ok()) return error;
  UniqueFd directory;
  if (FileError error = OpenParent(root, command.path, directory);
      !error.ok()) {
    return error;
  }
  std::optional<struct stat> old;
  if (FileError error = LookAtTarget(directory.get(), command, old);
      !error.ok()) {
    return error;
  }
  PendingFile pending(directory.get());
  if (!pending.Create()) {
    return FileErrorFromErrno(errno, command.path.relative());
  }
  if (old.has_value() && command.existing == Existing::kAppend) {
    if (FileError error =
            CopyOldContent(directory.get(), command.path, pending.fd());
        !error.ok()) {
      return error;
    }
  }
  if (FileError error = TakeContent(command, input, pending.fd());
      !error.ok()) {
    return error;
  }
  const std::uint32_t unset_mode =
      old.has_value() ? old->st_mode & kPermissionBits : kDefaultMode;
  return Publish(pending, command, command.mode.value_or(unset_mode),
                 directory.get());
}

}  // namespace airlock::runner
