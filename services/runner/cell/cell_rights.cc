#include "services/runner/cell/cell_rights.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "services/runner/cell/cell_step.h"
#include "services/runner/cell/seccomp_filter.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

// What the runner gets, and gives its processes, in a container as well.
constexpr rlim_t kOpenFiles = 1024;
constexpr rlim_t kRunnerOpenFiles = 2048;
constexpr rlim_t kPendingSignals = 4096;
constexpr const char* kOomScoreAdj = "500";

// Never raises: the host may have less.
void Bound(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  rlimit limit{};
  CheckStep(::getrlimit(resource, &limit), "cannot read a resource limit");
  limit.rlim_max = std::min(limit.rlim_max, hard);
  limit.rlim_cur = std::min(limit.rlim_max, soft);
  CheckStep(::setrlimit(resource, &limit), "cannot set a resource limit");
}

void PreferForOom() {
  const UniqueFd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  CheckStep(file.get(), "cannot open oom_score_adj");
  // Refused when the host has set a higher one: that does as well.
  if (::write(file.get(), kOomScoreAdj, std::string(kOomScoreAdj).size()) < 0 &&
      errno != EACCES) {
    FailStep("cannot set oom_score_adj");
  }
}

}  // namespace

void BoundResources() {
  // Not 0: a host that hands dumps to a program does so whatever the limit is,
  // unless it is 1. Where dumps are files, 1 is too small for any.
  Bound(RLIMIT_CORE, 1, 1);
  Bound(RLIMIT_NOFILE, kOpenFiles, kRunnerOpenFiles);
  Bound(RLIMIT_SIGPENDING, kPendingSignals, kPendingSignals);
  Bound(RLIMIT_MSGQUEUE, 0, 0);
  Bound(RLIMIT_MEMLOCK, 64 << 10, 64 << 10);
  Bound(RLIMIT_RTPRIO, 0, 0);
  Bound(RLIMIT_NICE, 0, 0);
  PreferForOom();
}

void DropCapabilities() {
  CheckStep(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            "cannot renounce new privileges");
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    CheckStep(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0),
              "cannot drop a capability");
  }
  CheckStep(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0),
            "cannot drop ambient capabilities");
  constexpr std::uint64_t kForGood =
      SECURE_ALL_BITS & ~issecure_mask(SECURE_KEEP_CAPS);
  CheckStep(::prctl(PR_SET_SECUREBITS, kForGood | SECURE_ALL_LOCKS, 0, 0, 0),
            "cannot make user 0 an ordinary user");
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  constexpr std::array<__user_cap_data_struct, 2> kNone{};
  CheckStep(static_cast<int>(::syscall(SYS_capset, &header, kNone.data())),
            "cannot drop capabilities");
}

void FilterSystemCalls() {
  // The kernel reads it only.
  const sock_fprog program{static_cast<std::uint16_t>(kSeccompFilter.size()),
                           const_cast<sock_filter*>(kSeccompFilter.data())};
  CheckStep(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0),
            "cannot filter system calls");
}

}  // namespace airlock::runner
