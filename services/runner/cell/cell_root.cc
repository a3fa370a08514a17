#include "services/runner/cell/cell_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "services/runner/cell/cell_etc.h"
#include "services/runner/cell/cell_mounts.h"
#include "services/runner/cell/cell_proc.h"
#include "services/runner/cell/cell_step.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

// Where the new root is built: a folder that every host has, and which nothing
// that is shown comes from.
const std::string kNewRoot = "/tmp";
// Programs and libraries, as a distribution puts them. Not /opt: what is there
// often keeps its settings and secrets beside its programs.
constexpr std::array kSystemFolders = {"/usr",   "/bin",   "/sbin",  "/lib",
                                       "/lib32", "/lib64", "/libx32"};
constexpr std::array kDevices = {"null", "zero", "full", "random", "urandom"};
// The most of /dev/shm, which Python's multiprocessing needs. It is taken
// from /tmp, so that both together stay what was asked for.
constexpr std::uint64_t kMaxShmBytes = std::uint64_t{8} << 20U;

std::string Inside(const std::string& path) { return kNewRoot + path; }

void Link(const std::string& target, const std::string& path) {
  CheckStep(::symlink(target.c_str(), path.c_str()),
            "cannot make the symbolic link " + path);
}

void ShowSystemFolders() {
  for (const std::string folder : kSystemFolders) {
    std::error_code error;
    if (std::filesystem::is_symlink(folder, error)) {
      Link(std::filesystem::read_symlink(folder), Inside(folder));
    } else if (std::filesystem::is_directory(folder, error)) {
      ShowReadOnly(folder, Inside(folder));
    }
  }
}

bool IsSystemFolder(const std::string& path) {
  return std::find(kSystemFolders.begin(), kSystemFolders.end(), path) !=
         kSystemFolders.end();
}

// Whether it is, or lies in, a folder of which a cell sees the host's files.
// Everything else there is the cell's own, such as its /tmp.
bool IsShown(const std::string& path) {
  const std::string top = path.substr(0, path.find('/', 1));
  return IsSystemFolder(top) || top == "/etc";
}

// Covers what must not be seen and is below something that is shown.
void HidePaths(const std::vector<std::string>& hidden) {
  for (const std::string& path : hidden) {
    std::error_code error;
    const std::string real = std::filesystem::canonical(path, error);
    // What is not there cannot be seen.
    if (error) continue;
    if (IsSystemFolder(real) || real == "/") {
      throw StepFailed("cannot hide " + path +
                       ": programs are there; a folder elsewhere would do");
    }
    if (IsShown(real)) Cover(Inside(real));
  }
}

void MakeDevices(std::uint64_t shm_bytes) {
  const std::string dev = Inside("/dev");
  MountMemory(dev, "size=64k,nr_inodes=64,mode=0755", MS_NOEXEC);
  for (const std::string name : kDevices) {
    ShowReadOnly("/dev/" + name, (dev + "/").append(name), /*devices=*/true);
  }
  Link("/proc/self/fd", dev + "/fd");
  Link("/proc/self/fd/0", dev + "/stdin");
  Link("/proc/self/fd/1", dev + "/stdout");
  Link("/proc/self/fd/2", dev + "/stderr");
  MountMemory(dev + "/shm",
              "size=" + std::to_string(shm_bytes) + ",nr_inodes=1024,mode=1777",
              MS_NOEXEC);
  // Terminals of its own, for programs that want one.
  MakeFolders(dev + "/pts");
  CheckStep(
      ::mount("devpts", (dev + "/pts").c_str(), "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=0620,max=64"),
      "cannot mount terminals");
  Link("pts/ptmx", dev + "/ptmx");
  MakeReadOnly(dev);
}

void MakeWritableFolders(const CellSpec& spec, std::uint64_t shm_bytes) {
  const std::string inodes = ",nr_inodes=" + std::to_string(spec.inodes);
  MountMemory(Inside("/workspace"),
              "size=" + std::to_string(spec.workspace_bytes) + inodes +
                  ",uid=" + std::to_string(spec.uid) +
                  ",gid=" + std::to_string(spec.gid) + ",mode=0700");
  MountMemory(Inside("/tmp"),
              "size=" + std::to_string(spec.tmp_bytes - shm_bytes) + inodes +
                  ",mode=1777",
              MS_NOEXEC);
}

// Laid out as a container engine does it, so that whoever reads counters finds
// them without knowing where they are.
void ShowCgroup(const std::vector<CgroupFolder>& folders) {
  const std::string root = Inside("/sys/fs/cgroup");
  MakeFolders(root);
  for (const CgroupFolder& folder : folders) {
    ShowReadOnly(folder.path, folder.controller.empty()
                                  ? root
                                  : root + "/" + folder.controller);
  }
}

// The old root is mounted over the new one, and goes from there.
void LeaveOldRoot() {
  CheckStep(::chdir(kNewRoot.c_str()), "cannot enter the new root");
  CheckStep(static_cast<int>(::syscall(SYS_pivot_root, ".", ".")),
            "cannot make the new root the root");
  CheckStep(::umount2(".", MNT_DETACH), "cannot leave the host's root");
  CheckStep(::chdir("/"), "cannot enter the new root");
}

}  // namespace

void EnterCellRoot(const CellSite& site, const CellSpec& spec,
                   const std::vector<CgroupFolder>& cgroup) {
  CheckStep(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
            "cannot part with the host's mounts");
  // Before something else is where it may be.
  const UniqueFd runner(::open(site.runner_path.c_str(), O_PATH | O_CLOEXEC));
  CheckStep(runner.get(), "cannot find the runner " + site.runner_path);
  const std::uint64_t shm_bytes = std::min(kMaxShmBytes, spec.tmp_bytes / 4);
  MountMemory(kNewRoot, "size=1m,nr_inodes=1024,mode=0755");
  ShowSystemFolders();
  ShowReadOnly("/proc/self/fd/" + std::to_string(runner.get()),
               Inside("/airlock/airlock-runner"));
  MakeEtc(Inside("/etc"), site, spec);
  MakeDevices(shm_bytes);
  MakeWritableFolders(spec, shm_bytes);
  for (const char* folder : {"/run", "/var"}) MakeFolders(Inside(folder));
  Link("/tmp", Inside("/var/tmp"));
  ShowCgroup(cgroup);
  MountProc(Inside("/proc"));
  HidePaths(site.hidden);
  LeaveOldRoot();
  MakeReadOnly("/");
  CheckStep(::chdir("/workspace"), "cannot enter the workspace");
}

}  // namespace airlock::runner
