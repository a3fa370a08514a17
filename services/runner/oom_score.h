// Whom the kernel shall kill first when memory runs out.
#pragma once

#include <string>

namespace airlock::runner {

// Makes processes that are created during its life the kernel's first choice
// when memory runs out, before this program. A process inherits its creator's
// score, and may always be put back down to where it began; the child cannot
// do it itself, because files of a process that is not dumpable belong to
// root. A no-op for an invalid descriptor.
class ScopedOomScore {
 public:
  // `fd` is this program's own /proc/self/oom_score_adj, open for reading and
  // writing.
  explicit ScopedOomScore(int fd);
  ~ScopedOomScore();
  ScopedOomScore(const ScopedOomScore&) = delete;
  ScopedOomScore& operator=(const ScopedOomScore&) = delete;

 private:
  const int fd_;
  // Empty: nothing to put back.
  std::string before_;
};

}  // namespace airlock::runner
