#include "services/runner/cell/cgroup_finder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "services/runner/cell/cgroup_files.h"
#include "services/runner/cell/cgroup_mounts.h"

namespace airlock::runner {
namespace {

// What limits cells, and with version 1 what counts their processor time.
constexpr std::array kControllers = {"memory", "cpu", "pids"};
constexpr const char* kCounter = "cpuacct";
// Where processes of the folder itself go.
constexpr const char* kLeaf = "/airlock-host";
// Processes may be made while others are moved.
constexpr int kMoves = 100;

constexpr const char* kPrepare =
    "the folder that deploy/ssh-host.sh makes as root would do";
constexpr const char* kDelegate =
    "; a cgroup of this user's own would do, as systemd gives it with "
    "Delegate=yes and deploy/ssh-host.sh asks for it";

bool Exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// "swap" is a part of "memory" that not every kernel has.
void AddSwap(const std::string& file, FoundCgroups& found) {
  const auto& has = found.controllers;
  if (std::find(has.begin(), has.end(), "memory") == has.end()) return;
  if (Exists(file)) {
    found.controllers.emplace_back("swap");
  } else {
    found.shortfalls.push_back(
        {"swap",
         "the kernel does not limit swap; swapaccount=1 on its command line "
         "would do"});
  }
}

// Version 1: each controller for itself.

std::string FolderV1(const std::vector<CgroupMount>& mounts,
                     const std::string& controller, const std::string& wanted) {
  for (const CgroupMount& mount : mounts) {
    const auto& named = mount.controllers;
    if (std::find(named.begin(), named.end(), controller) != named.end()) {
      return mount.path + "/" + wanted;
    }
  }
  return {};
}

void AddV1(const std::string& controller, const std::string& folder,
           FoundCgroups& found) {
  if (!folder.empty() && IsOurs(folder)) {
    found.folders.push_back({controller, folder});
    if (controller != kCounter) found.controllers.push_back(controller);
    return;
  }
  // Without the counter nothing is unlimited.
  if (controller == kCounter) return;
  found.shortfalls.push_back(
      {controller,
       folder.empty()
           ? "no cgroup hierarchy has the controller " + controller +
                 "; a kernel with it, or its command line with cgroup_enable=" +
                 controller + ", would do"
           : "no cgroup " + folder + " that this user may use; " + kPrepare});
}

FoundCgroups FindV1(const std::vector<CgroupMount>& mounts,
                    const std::string& wanted) {
  FoundCgroups found;
  if (wanted.empty()) {
    for (const char* controller : kControllers) AddV1(controller, "", found);
    return found;
  }
  for (const char* controller : kControllers) {
    AddV1(controller, FolderV1(mounts, controller, wanted), found);
  }
  AddV1(kCounter, FolderV1(mounts, kCounter, wanted), found);
  AddSwap(FolderV1(mounts, "memory", wanted) + "/memory.memsw.limit_in_bytes",
          found);
  return found;
}

// Version 2: one folder for all.

// Whether this process may move others from its own cgroup to `folder`: the
// kernel asks for the right to write to the lowest cgroup above both.
bool MayMoveTo(const std::string& mount, const std::string& folder,
               const std::string& own) {
  std::string common = mount;
  const std::vector<std::string> from = Split(own, '/');
  const std::vector<std::string> to = Split(folder.substr(mount.size()), '/');
  for (std::size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    if (from[i] != to[i]) break;
    common += "/" + to[i];
  }
  return IsOurs(folder) &&
         ::access((common + "/cgroup.procs").c_str(), W_OK) == 0;
}

// Where cells may be, below a mount of version 2.
std::optional<std::string> FolderV2(const std::string& mount,
                                    const std::string& wanted) {
  std::string own = ParseOwnCgroup(ReadCgroupFile("/proc/self/cgroup"));
  const std::string named = mount + "/" + wanted;
  if (!wanted.empty() && MayMoveTo(mount, named, own)) return named;
  // An earlier program of ours may have put this one in its leaf.
  const std::string_view leaf = kLeaf;
  if (own.size() > leaf.size() &&
      own.compare(own.size() - leaf.size(), leaf.size(), leaf) == 0) {
    own.resize(own.size() - leaf.size());
  }
  const std::string folder = mount + own;
  // The root has no type; nobody delegates it.
  if (own.empty() || !Exists(folder + "/cgroup.type") || !IsOurs(folder) ||
      ::access((folder + "/cgroup.subtree_control").c_str(), W_OK) != 0) {
    return std::nullopt;
  }
  return folder;
}

// Why a folder does not hand on a controller.
std::string WhyNot(const std::string& controller, const std::string& mount,
                   const std::string& folder, int error) {
  std::vector<std::string> switched_on;
  for (const std::string& line :
       Split(ReadCgroupFile(mount + "/cgroup.controllers"), '\n')) {
    switched_on = Split(line, ' ');
  }
  if (std::find(switched_on.begin(), switched_on.end(), controller) ==
      switched_on.end()) {
    return "the kernel has the controller " + controller +
           " not switched on; cgroup_enable=" + controller +
           " on its command line would do";
  }
  return folder + " does not have the controller " + controller + ": " +
         std::strerror(error) +
         "; \"Delegate=cpu memory pids\" for systemd's user@.service, as "
         "deploy/ssh-host.sh sets it, would do";
}

// Empty: nothing is left in the folder itself.
std::string MoveToLeaf(const std::string& folder) {
  const std::string leaf = folder + kLeaf;
  for (int i = 0; i < kMoves; ++i) {
    const std::vector<pid_t> processes = ReadProcesses(folder);
    if (processes.empty()) return {};
    if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) {
      return "cannot make " + leaf + ": " + std::strerror(errno);
    }
    for (const pid_t pid : processes) {
      const int error =
          WriteCgroupFile(leaf + "/cgroup.procs", std::to_string(pid));
      // It may have ended.
      if (error != 0 && error != ESRCH) {
        return "cannot move a process to " + leaf + ": " + std::strerror(error);
      }
    }
  }
  return "processes keep appearing in " + folder;
}

}  // namespace

FoundCgroups FindInV2(const std::string& mount, const std::string& wanted) {
  FoundCgroups found;
  found.v2 = true;
  const std::optional<std::string> folder = FolderV2(mount, wanted);
  const std::string problem =
      folder
          ? MoveToLeaf(*folder)
          : "no delegated cgroup: neither may processes be moved to " + mount +
                "/" + wanted + " nor is their own cgroup this user's";
  for (const char* controller : kControllers) {
    if (!problem.empty()) {
      found.shortfalls.push_back({controller, problem + kDelegate});
    } else if (const int error =
                   WriteCgroupFile(*folder + "/cgroup.subtree_control",
                                   std::string("+") + controller)) {
      found.shortfalls.push_back(
          {controller, WhyNot(controller, mount, *folder, error)});
    } else {
      found.controllers.emplace_back(controller);
    }
  }
  if (!found.controllers.empty()) {
    found.folders.push_back({"", *folder});
    AddSwap(*folder + "/memory.swap.max", found);
  }
  return found;
}

FoundCgroups FindCgroups(const std::string& wanted) {
  std::vector<CgroupMount> mounts = FindCgroupMounts();
  // Nothing but one folder at the top.
  if (wanted.find_first_of('/') != std::string::npos ||
      (!wanted.empty() && wanted.front() == '.')) {
    mounts.clear();
  }
  // Beside controllers of version 1 the other one is there to group processes.
  const auto limits = [](const CgroupMount& mount) {
    return std::any_of(
        kControllers.begin(), kControllers.end(), [&mount](const char* name) {
          const auto& named = mount.controllers;
          return std::find(named.begin(), named.end(), name) != named.end();
        });
  };
  const auto v2 =
      std::find_if(mounts.begin(), mounts.end(),
                   [](const CgroupMount& mount) { return mount.v2; });
  if (v2 == mounts.end() || std::any_of(mounts.begin(), mounts.end(), limits)) {
    return FindV1(mounts, wanted);
  }
  return FindInV2(v2->path, wanted);
}

}  // namespace airlock::runner
