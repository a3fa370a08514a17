#include "common/process/open_files.h"

#include <sys/resource.h>

namespace airlock {

void AllowManyOpenFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  // Nothing is lost where it fails: the old limit goes on.
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace airlock
