// Single files and folders of cgroups.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace airlock::runner {

// The whole of a short file; empty when it cannot be read.
std::string ReadCgroupFile(const std::string& path);

// Writes with one call, as the kernel wants it. The errno; 0: done.
int WriteCgroupFile(const std::string& path, std::string_view text);

// The processes in a cgroup's folder, not in those below it, that this process
// can see.
std::vector<pid_t> ReadProcesses(const std::string& folder);

// Whether this process may make cgroups in a folder.
bool IsOurs(const std::string& folder);

// `text` cut at each `separator`; no empty parts.
std::vector<std::string> Split(std::string_view text, char separator);

}  // namespace airlock::runner
