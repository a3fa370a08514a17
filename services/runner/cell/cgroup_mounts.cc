#include "services/runner/cell/cgroup_mounts.h"

#include <algorithm>

#include "services/runner/cell/cgroup_files.h"

namespace airlock::runner {
namespace {

// Of a line of mountinfo; counted from the front and behind the dash.
constexpr std::size_t kPathField = 4;
constexpr std::size_t kTypeField = 1;
constexpr std::size_t kOptionsField = 3;

}  // namespace

std::vector<CgroupMount> FindCgroupMounts() {
  return ParseCgroupMounts(ReadCgroupFile("/proc/self/mountinfo"));
}

std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo) {
  std::vector<CgroupMount> mounts;
  for (const std::string& line : Split(mountinfo, '\n')) {
    const std::vector<std::string> fields = Split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    const auto behind = static_cast<std::size_t>(fields.end() - dash);
    if (fields.size() <= kPathField || behind <= kOptionsField) continue;
    const std::string& type = *(dash + kTypeField);
    if (type != "cgroup" && type != "cgroup2") continue;
    CgroupMount mount;
    mount.v2 = type == "cgroup2";
    mount.path = fields[kPathField];
    if (!mount.v2) mount.controllers = Split(*(dash + kOptionsField), ',');
    mounts.push_back(mount);
  }
  return mounts;
}

std::string ParseOwnCgroup(std::string_view self_cgroup) {
  constexpr std::string_view kV2 = "0::/";
  for (const std::string& line : Split(self_cgroup, '\n')) {
    if (line.compare(0, kV2.size(), kV2) != 0) continue;
    const std::string path = line.substr(kV2.size() - 1);
    // So begins what is not below the mount.
    constexpr std::string_view kOutside = "/..";
    return path.compare(0, kOutside.size(), kOutside) == 0 ? "" : path;
  }
  return {};
}

}  // namespace airlock::runner
