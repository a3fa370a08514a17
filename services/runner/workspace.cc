#include "services/runner/workspace.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "services/runner/files/beneath.h"
#include "services/runner/files/file_error.h"
#include "services/runner/files/workspace_path.h"

namespace airlock::runner {
namespace {

// Says what errno means for `path`.
StartError ErrnoError(std::string_view reason, std::string_view path) {
  // It is not this path, but every one.
  if (errno == ENOSYS) reason = kStartFailed;
  FileError error = FileErrorFromErrno(errno, path);
  if (error.end == FileEnd::kDiskFull) reason = kDiskFull;
  return {reason, std::move(error.message)};
}

}  // namespace

Workspace::Workspace(std::string root)
    : root_path_(std::move(root)),
      root_(::open(root_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!ok()) open_error_ = root_path_ + ": " + std::strerror(errno);
}

StartError Workspace::CreateFile(std::string_view path, std::uint32_t mode) {
  CloseFile();
  WorkspacePath parsed;
  if (std::string problem = WorkspacePath::Parse(path, parsed);
      !problem.empty()) {
    return {kBadFile, std::move(problem)};
  }
  if (parsed.is_workspace() || parsed.names_directory()) {
    return {kBadFile, "a file needs a name: " + Quote(path)};
  }
  if ((mode & ~0777U) != 0) {
    return {kBadFile,
            "the mode of a file must be at most 0777: " + Quote(path)};
  }
  std::string failed;
  const UniqueFd parent =
      MakeDirectories(root_.get(), parsed.parent(), Sync::kNo, failed);
  if (!parent.valid()) return ErrnoError(kBadFile, failed);
  // O_NONBLOCK: somebody else's FIFO must not hold us here.
  UniqueFd file = OpenBeneath(parent.get(), std::string(parsed.name()),
                              O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK,
                              mode, RESOLVE_NO_SYMLINKS);
  if (!file.valid()) return ErrnoError(kBadFile, path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {kBadFile, "not a regular file: " + Quote(path)};
  }
  if (::ftruncate(file.get(), 0) != 0 || ::fchmod(file.get(), mode) != 0) {
    return ErrnoError(kBadFile, path);
  }
  file_ = std::move(file);
  file_path_ = path;
  return {};
}

StartError Workspace::AppendFile(std::string_view path, std::string_view data) {
  if (!file_.valid() || path != file_path_) {
    return {kBadFile,
            "a piece of " + Quote(path) + " came before its first one"};
  }
  while (!data.empty()) {
    const ssize_t count = ::write(file_.get(), data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoError(kBadFile, path);
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

void Workspace::CloseFile() {
  file_.Reset();
  file_path_.clear();
}

StartError Workspace::OpenDirectory(std::string_view path, UniqueFd& out) {
  WorkspacePath parsed;
  if (std::string problem = WorkspacePath::Parse(path, parsed);
      !problem.empty()) {
    return {kBadCwd, std::move(problem)};
  }
  std::string failed;
  out = MakeDirectories(root_.get(),
                        parsed.is_workspace() ? "" : parsed.relative(),
                        Sync::kNo, failed);
  if (!out.valid()) return ErrnoError(kBadCwd, failed);
  return {};
}

}  // namespace airlock::runner
