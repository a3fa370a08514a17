// Whether a place is full.
#pragma once

#include <string>

namespace airlock::runner {

// Whether less than 1 % of the blocks or of the inodes of the file system at
// `path` are free. False when it has no limit, or cannot be asked.
bool IsDiskFull(const std::string& path);

}  // namespace airlock::runner
