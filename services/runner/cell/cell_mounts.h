// Single mounts and files of a cell's root. All throw StepFailed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace airlock::runner {

// Makes a folder, and those above it that are missing.
void MakeFolders(const std::string& path, mode_t mode = 0755);

// Makes a new file with this text, and the folders above it.
void MakeFile(const std::string& path, std::string_view text = {});

// Writes to a file that is there, such as one of /proc, with one call.
void WriteKernelFile(const std::string& path, std::string_view text);

// A new file system in memory. `options` are those of tmpfs; `flags` come on
// top of MS_NOSUID and MS_NODEV.
void MountMemory(const std::string& path, const std::string& options,
                 std::uint64_t flags = 0);

// Shows a host folder or file, with everything mounted below it, and takes the
// right to write, to gain privileges and (unless `devices`) to use devices from
// all of it. `target` is made. Symbolic links in `source` are followed.
void ShowReadOnly(const std::string& source, const std::string& target,
                  bool devices = false);

// Makes the one mount at `path` read-only.
void MakeReadOnly(const std::string& path);

// Puts something empty that cannot be read or written over a file or a folder;
// nothing if there is none. `device` is a null device.
void Cover(const std::string& path, const std::string& device = "/dev/null");

}  // namespace airlock::runner
