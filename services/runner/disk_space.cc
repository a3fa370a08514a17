#include "services/runner/disk_space.h"

#include <sys/statvfs.h>

namespace airlock::runner {

bool IsDiskFull(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) return false;
  return (status.f_blocks > 0 && status.f_bavail < status.f_blocks / 100 + 1) ||
         (status.f_files > 0 && status.f_favail < status.f_files / 100 + 1);
}

}  // namespace airlock::runner
