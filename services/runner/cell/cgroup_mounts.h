// Where the host's cgroups are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace airlock::runner {

// One mounted hierarchy.
struct CgroupMount {
  bool v2 = false;
  std::string path;
  // With version 1.
  std::vector<std::string> controllers;
};

// All of them, out of /proc/self/mountinfo.
std::vector<CgroupMount> FindCgroupMounts();

// Those in a text like that file. Pure.
std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo);

// The path of this process's own cgroup of version 2 below its mount, out of a
// text like /proc/self/cgroup; "" if there is none, or it is not below. Pure.
std::string ParseOwnCgroup(std::string_view self_cgroup);

}  // namespace airlock::runner
