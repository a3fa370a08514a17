// What keeps a path inside the workspace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "services/runner/unique_fd.h"

namespace airlock::runner {

// openat2() with RESOLVE_BENEATH: neither ".." nor a symbolic link leads out of
// `directory`, whatever a process does at the same time. Inner relative links
// are followed unless `resolve` or `flags` say otherwise. On failure the result
// is not valid and errno is set; EXDEV: it would have led outside. A kernel
// without openat2 answers ENOSYS: there is no weaker way that would hold.
UniqueFd OpenBeneath(int directory, const std::string& path,
                     std::uint64_t flags, std::uint64_t mode = 0,
                     std::uint64_t resolve = 0);

// Whether a directory that is made is on the disk before the next one is.
enum class Sync { kNo, kYes };

// Opens the directory `relative` (parts joined by "/"; empty: `root` itself) as
// O_PATH; those that are missing are made with mode 0755. On failure the result
// is not valid, errno is set, and `failed` is the part of the path it is about.
UniqueFd MakeDirectories(int root, std::string_view relative, Sync sync,
                         std::string& failed);

// Makes what was done in `directory` last. `directory` may be O_PATH. False
// with errno when it cannot; a file system that has no such thing is fine.
bool SyncDirectory(int directory);

}  // namespace airlock::runner
