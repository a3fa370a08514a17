#include "services/runner/cell/cell_mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "services/runner/cell/cell_step.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

constexpr mode_t kFileMode = 0644;

std::string FolderOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

bool IsFolder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Adds attributes and takes none away: those that came from the host are
// locked.
void AddAttributes(const std::string& path, std::uint64_t attributes,
                   unsigned flags) {
  mount_attr wanted{};
  wanted.attr_set = attributes;
  if (::mount_setattr(AT_FDCWD, path.c_str(), flags, &wanted, sizeof(wanted)) !=
      0) {
    FailStep("cannot make " + path + " read-only",
             errno == ENOSYS ? "Linux 5.12 or later would do" : "");
  }
}

void Bind(const std::string& source, const std::string& target) {
  CheckStep(::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC,
                    nullptr),
            "cannot show " + source + " in a cell");
}

}  // namespace

void MakeFolders(const std::string& path, mode_t mode) {
  if (path.empty() || IsFolder(path)) return;
  MakeFolders(FolderOf(path));
  CheckStep(::mkdir(path.c_str(), mode), "cannot make the folder " + path);
}

void MakeFile(const std::string& path, std::string_view text) {
  MakeFolders(FolderOf(path));
  const UniqueFd file(::open(
      path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  CheckStep(file.get(), "cannot make the file " + path);
  if (::write(file.get(), text.data(), text.size()) !=
      static_cast<ssize_t>(text.size())) {
    FailStep("cannot write " + path);
  }
}

void WriteKernelFile(const std::string& path, std::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  CheckStep(file.get(), "cannot open " + path);
  if (::write(file.get(), text.data(), text.size()) !=
      static_cast<ssize_t>(text.size())) {
    FailStep("cannot write to " + path);
  }
}

void MountMemory(const std::string& path, const std::string& options,
                 std::uint64_t flags) {
  MakeFolders(path);
  CheckStep(::mount("tmpfs", path.c_str(), "tmpfs",
                    MS_NOSUID | MS_NODEV | flags, options.c_str()),
            "cannot mount memory on " + path);
}

void ShowReadOnly(const std::string& source, const std::string& target,
                  bool devices) {
  if (IsFolder(source)) {
    MakeFolders(target);
  } else if (::access(target.c_str(), F_OK) != 0) {
    // One that is there, as in /proc, need not be ours to open.
    MakeFile(target);
  }
  Bind(source, target);
  AddAttributes(target,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
                    (devices ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV),
                AT_RECURSIVE);
}

void MakeReadOnly(const std::string& path) {
  AddAttributes(path, MOUNT_ATTR_RDONLY, 0);
}

void Cover(const std::string& path, const std::string& device) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    MountMemory(path, "size=4k,nr_inodes=2,mode=0555", MS_NOEXEC | MS_RDONLY);
    return;
  }
  Bind(device, path);
  AddAttributes(path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0);
}

}  // namespace airlock::runner
