#include "services/runner/workspace.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace airlock::runner {
namespace {

constexpr std::string_view kPrefix = "/workspace";
constexpr std::size_t kMaxPathBytes = 4095;

int OpenBeneath(int directory, const std::string& path, std::uint64_t flags,
                std::uint64_t mode, std::uint64_t resolve) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(
      ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how)));
}

// Says what errno means for `path`.
StartError ErrnoError(std::string_view reason, std::string_view path) {
  const int error = errno;
  const std::string quoted = "\"" + std::string(path) + "\"";
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return {kDiskFull, "the workspace is full: " + quoted};
    case ENOSYS:
      return {kStartFailed,
              "the kernel has no openat2, which keeps paths inside the "
              "workspace; Linux 5.6 or later would do"};
    case EXDEV:
    case ELOOP:
      return {reason, quoted +
                          " leads through a symbolic link out of the "
                          "workspace, or is one itself"};
    default:
      return {reason, quoted + ": " + std::strerror(error)};
  }
}

// Cuts the prefix and refuses what could never be meant well. What is left in
// `path` is relative, perhaps empty.
StartError CheckPath(std::string_view reason, std::string_view& path) {
  const std::string quoted = "\"" + std::string(path) + "\"";
  if (path.size() > kMaxPathBytes) {
    return {reason, "a path must have at most 4095 bytes"};
  }
  if (std::ranges::find(path, '\0') != path.end()) {
    return {reason, "a path must not hold a NUL byte"};
  }
  if (path.substr(0, kPrefix.size()) == kPrefix &&
      (path.size() == kPrefix.size() || path[kPrefix.size()] == '/')) {
    path.remove_prefix(kPrefix.size());
    while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  }
  if (!path.empty() && path.front() == '/') {
    return {reason, "a path must be relative or below /workspace: " + quoted};
  }
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") {
      return {reason, "a path must not hold \"..\": " + quoted};
    }
    begin = end + 1;
  }
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return {};
}

}  // namespace

Workspace::Workspace(std::string root)
    : root_path_(std::move(root)),
      root_(::open(root_path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  if (!ok()) open_error_ = root_path_ + ": " + std::strerror(errno);
}

StartError Workspace::CreateFile(std::string_view path, std::uint32_t mode) {
  CloseFile();
  std::string_view relative = path;
  if (StartError error = CheckPath(kBadFile, relative); !error.ok()) {
    return error;
  }
  const std::size_t slash = relative.rfind('/');
  const std::string name(
      slash == std::string_view::npos ? relative : relative.substr(slash + 1));
  if (name.empty() || name == "." || path.back() == '/') {
    return {kBadFile, "a file needs a name: \"" + std::string(path) + "\""};
  }
  if ((mode & ~0777U) != 0) {
    return {kBadFile, "the mode of a file must be at most 0777: \"" +
                          std::string(path) + "\""};
  }
  UniqueFd parent;
  if (slash == std::string_view::npos) relative = {};
  StartError error = MakeDirectories(
      relative.substr(0, std::min(slash, relative.size())), parent);
  if (!error.ok()) {
    if (error.reason == kBadCwd) error.reason = kBadFile;
    return error;
  }
  // O_NONBLOCK: somebody else's FIFO must not hold us here.
  UniqueFd file(OpenBeneath(parent.get(), name,
                            O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode,
                            RESOLVE_NO_SYMLINKS));
  if (!file.valid()) return ErrnoError(kBadFile, path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {kBadFile, "not a regular file: \"" + std::string(path) + "\""};
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
    return {kBadFile, "a piece of \"" + std::string(path) +
                          "\" came before its first one"};
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
  std::string_view relative = path;
  if (StartError error = CheckPath(kBadCwd, relative); !error.ok()) {
    return error;
  }
  return MakeDirectories(relative, out);
}

StartError Workspace::MakeDirectories(std::string_view relative,
                                      UniqueFd& out) {
  constexpr std::uint64_t kDirectory = O_PATH | O_DIRECTORY;
  // Each prefix is resolved from the root: an inner link that goes up and
  // stays inside is fine, and only the kernel can tell.
  out = UniqueFd(OpenBeneath(root_.get(), ".", kDirectory, 0, 0));
  if (!out.valid()) return ErrnoError(kBadCwd, ".");
  for (std::size_t begin = 0; begin < relative.size();) {
    const std::size_t end =
        std::min(relative.find('/', begin), relative.size());
    const std::string prefix(relative.substr(0, end));
    const std::string name(relative.substr(begin, end - begin));
    begin = end + 1;
    if (name.empty()) continue;
    UniqueFd next(OpenBeneath(root_.get(), prefix, kDirectory, 0, 0));
    if (!next.valid() && errno == ENOENT) {
      if (::mkdirat(out.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
        return ErrnoError(kBadCwd, prefix);
      }
      next = UniqueFd(OpenBeneath(root_.get(), prefix, kDirectory, 0, 0));
    }
    if (!next.valid()) return ErrnoError(kBadCwd, prefix);
    out = std::move(next);
  }
  return {};
}

}  // namespace airlock::runner
