#include "tests/support/delegated_cgroup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/runner/cell/cgroup.h"
#include "services/runner/cell/cgroup_files.h"
#include "services/runner/cell/cgroup_mounts.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;
using runner::CgroupMount;

constexpr absl::string_view kPrefix = "airlock-test-";
// As the host program names it.
constexpr absl::string_view kEntrance = "airlock-host";

std::vector<std::string> FoldersIn(const std::string& path) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.is_directory(error)) folders.push_back(entry.path());
  }
  return folders;
}

// From the leaves up.
void RemoveTree(const std::string& path) {
  for (const std::string& child : FoldersIn(path)) RemoveTree(child);
  if (!runner::Cgroup({{"", path}}).Remove()) {
    ADD_FAILURE() << path << " is still in use";
  }
}

bool Limits(const CgroupMount& mount) {
  const std::set<std::string> wanted = {"memory", "cpu", "cpuacct", "pids"};
  return std::any_of(
      mount.controllers.begin(), mount.controllers.end(),
      [&wanted](const std::string& name) { return wanted.contains(name); });
}

// What folders at the top of version 2 can limit, the top must hand on.
void HandOn(const std::string& top) {
  for (const char* controller : {"+memory", "+cpu", "+pids"}) {
    const std::string path = top + "/cgroup.subtree_control";
    if (const int error = runner::WriteCgroupFile(path, controller)) {
      ADD_FAILURE() << controller << " to " << path << ": "
                    << std::strerror(error);
    }
  }
}

// Where folders belong: all hierarchies of version 1 that count, or else the
// only one of version 2.
std::vector<std::string> Tops() {
  std::vector<std::string> tops;
  std::string v2;
  for (const CgroupMount& mount : runner::FindCgroupMounts()) {
    if (mount.v2) v2 = mount.path;
    if (Limits(mount)) tops.push_back(mount.path);
  }
  if (tops.empty() && !v2.empty()) tops.push_back(v2);
  return tops;
}

// Whose process is no more.
bool IsAbandoned(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, kPrefix)) return false;
  pid_t pid = 0;
  std::from_chars(name.data(), name.data() + name.size(), pid);
  return pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
}

void RemoveAbandoned(const std::string& top) {
  for (const std::string& folder : FoldersIn(top)) {
    if (IsAbandoned(fs::path(folder).filename().string())) RemoveTree(folder);
  }
}

void Give(const std::string& path, uid_t owner) {
  // What is not there with this version is not needed with it.
  for (const char* name : {"", "/cgroup.procs", "/cgroup.subtree_control"}) {
    if (::chown((path + name).c_str(), owner, owner) != 0 && errno != ENOENT) {
      ADD_FAILURE() << path << name << ": " << std::strerror(errno);
    }
  }
}

void MoveTo(const std::string& folder, pid_t pid) {
  const int error =
      runner::WriteCgroupFile(folder + "/cgroup.procs", std::to_string(pid));
  if (error != 0) ADD_FAILURE() << folder << ": " << std::strerror(error);
}

}  // namespace

DelegatedCgroup::DelegatedCgroup(uid_t owner) {
  static std::atomic<int> number = 0;
  const bool first = number == 0;
  name_ = absl::StrCat(kPrefix, ::getpid(), "-", ++number);
  for (const std::string& top : Tops()) {
    if (first) RemoveAbandoned(top);
    const bool v2 = fs::exists(top + "/cgroup.controllers");
    if (v2) HandOn(top);
    const std::string path = top + "/" + name_;
    if (::mkdir(path.c_str(), 0755) != 0) {
      ADD_FAILURE() << path << ": " << std::strerror(errno);
      continue;
    }
    folders_.push_back(path);
    Give(path, owner);
    if (!v2) continue;
    entrance_ = absl::StrCat(path, "/", kEntrance);
    ::mkdir(entrance_.c_str(), 0755);
    Give(entrance_, owner);
  }
}

DelegatedCgroup::~DelegatedCgroup() {
  // What is in it is killed next.
  if (!before_.empty()) MoveTo(before_, 0);
  for (const std::string& folder : folders_) RemoveTree(folder);
}

void DelegatedCgroup::Enter(pid_t pid) {
  if (entrance_.empty()) return;
  if (pid == 0 && before_.empty()) {
    before_ = Tops().front() + runner::ParseOwnCgroup(
                                   runner::ReadCgroupFile("/proc/self/cgroup"));
  }
  MoveTo(entrance_, pid);
}

std::vector<std::string> DelegatedCgroup::Children() const {
  std::set<std::string> names;
  for (const std::string& folder : folders_) {
    for (const std::string& child : FoldersIn(folder)) {
      if (child != entrance_) names.insert(fs::path(child).filename());
    }
  }
  return {names.begin(), names.end()};
}

std::vector<pid_t> DelegatedCgroup::Processes() const {
  std::set<pid_t> all;
  for (const std::string& folder : folders_) {
    for (const std::string& child : FoldersIn(folder)) {
      if (child == entrance_) continue;
      const std::vector<pid_t> found = runner::ReadProcesses(child);
      all.insert(found.begin(), found.end());
    }
  }
  return {all.begin(), all.end()};
}

}  // namespace airlock
