#include "services/runner/cell/cgroup_tree.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "services/runner/cell/cgroup_files.h"
#include "services/runner/cell/cgroup_finder.h"

namespace airlock::runner {
namespace {

// As container engines have it, in microseconds.
constexpr std::uint64_t kCpuPeriodUs = 100'000;

// One file of a new cgroup.
struct Setting {
  std::string controller;
  std::string file;
  std::string value;
};

// In the order in which the kernel takes them.
std::vector<Setting> SettingsV1(const CgroupLimits& limits) {
  const std::string memory = std::to_string(limits.memory_bytes);
  const std::string quota =
      std::to_string(limits.cpu_millis * (kCpuPeriodUs / 1000));
  return {{"memory", "memory.limit_in_bytes", memory},
          // Memory and swap together.
          {"swap", "memory.memsw.limit_in_bytes", memory},
          {"cpu", "cpu.cfs_period_us", std::to_string(kCpuPeriodUs)},
          {"cpu", "cpu.cfs_quota_us", quota},
          {"pids", "pids.max", std::to_string(limits.pids)}};
}

std::vector<Setting> SettingsV2(const CgroupLimits& limits) {
  const std::string quota =
      std::to_string(limits.cpu_millis * (kCpuPeriodUs / 1000));
  return {{"memory", "memory.max", std::to_string(limits.memory_bytes)},
          {"swap", "memory.swap.max", "0"},
          {"cpu", "cpu.max", quota + " " + std::to_string(kCpuPeriodUs)},
          {"pids", "pids.max", std::to_string(limits.pids)}};
}

// In whose folder a setting is.
std::string FolderName(const std::string& controller, bool v2) {
  if (v2) return "";
  return controller == "swap" ? "memory" : controller;
}

// Empty: done; else why not. One folder may be that of two controllers.
std::string MakeFolders(const std::vector<CgroupFolder>& folders) {
  std::vector<std::string> made;
  for (const CgroupFolder& folder : folders) {
    if (std::find(made.begin(), made.end(), folder.path) != made.end()) {
      continue;
    }
    if (::mkdir(folder.path.c_str(), 0755) != 0) {
      const int error = errno;
      for (const std::string& path : made) ::rmdir(path.c_str());
      return "cannot make the cgroup " + folder.path + ": " +
             std::strerror(error);
    }
    made.push_back(folder.path);
  }
  return {};
}

std::string Apply(const Setting& setting, const Cgroup& cgroup, bool v2) {
  const std::string name = FolderName(setting.controller, v2);
  for (const CgroupFolder& folder : cgroup.folders()) {
    if (folder.controller != name) continue;
    const std::string path = folder.path + "/" + setting.file;
    const int error = WriteCgroupFile(path, setting.value);
    if (error == 0) continue;
    return "cannot write " + setting.value + " to " + path + ": " +
           std::strerror(error);
  }
  return {};
}

// Whether a name is `prefix` and a number.
bool IsNumbered(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return false;
  name.remove_prefix(prefix.size());
  return !name.empty() &&
         name.find_first_not_of("0123456789") == std::string_view::npos;
}

// Out of /etc/passwd: a static program cannot ask where else accounts may be.
std::string UserName(uid_t uid) {
  std::string id = std::to_string(uid);
  for (const std::string& line : Split(ReadCgroupFile("/etc/passwd"), '\n')) {
    const std::vector<std::string> fields = Split(line, ':');
    if (fields.size() > 2 && fields[2] == id) return fields[0];
  }
  return id;
}

}  // namespace

std::string DefaultCgroupName() { return "airlock-" + UserName(::geteuid()); }

CgroupTree CgroupTree::Find(const std::string& wanted) {
  FoundCgroups found = FindCgroups(wanted);
  CgroupTree tree;
  tree.v2_ = found.v2;
  tree.folders_ = std::move(found.folders);
  tree.controllers_ = std::move(found.controllers);
  tree.shortfalls_ = std::move(found.shortfalls);
  return tree;
}

bool CgroupTree::has(std::string_view controller) const {
  return std::find(controllers_.begin(), controllers_.end(), controller) !=
         controllers_.end();
}

std::unique_ptr<Cgroup> CgroupTree::Make(const std::string& name,
                                         std::string& error) const {
  if (name.empty() || name.front() == '.' ||
      name.find_first_of('/') != std::string::npos) {
    error =
        "the name of a cgroup must be one path component: got \"" + name + "\"";
    return nullptr;
  }
  std::vector<CgroupFolder> folders = folders_;
  for (CgroupFolder& folder : folders) folder.path += "/" + name;
  error = MakeFolders(folders);
  if (!error.empty()) return nullptr;
  return std::make_unique<Cgroup>(std::move(folders));
}

std::string CgroupTree::Limit(const Cgroup& cgroup,
                              const CgroupLimits& limits) const {
  for (const Setting& setting : v2_ ? SettingsV2(limits) : SettingsV1(limits)) {
    if (!has(setting.controller)) continue;
    std::string problem = Apply(setting, cgroup, v2_);
    if (!problem.empty()) return problem;
  }
  return {};
}

int CgroupTree::RemoveStale(std::string_view prefix) const {
  int left = 0;
  for (const CgroupFolder& folder : folders_) {
    std::error_code error;
    std::vector<std::string> stale;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.path, error)) {
      const std::string name = entry.path().filename();
      if (entry.is_directory(error) && IsNumbered(name, prefix)) {
        stale.push_back(entry.path());
      }
    }
    for (const std::string& path : stale) {
      if (!Cgroup({{folder.controller, path}}).Remove()) ++left;
    }
  }
  return left;
}

}  // namespace airlock::runner
