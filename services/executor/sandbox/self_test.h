// Proves on a real sandbox that each limit holds.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/enforcement.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/sandbox_reaper.h"

namespace airlock::executor {

// Makes one small sandbox, tries every limit from inside and judges what came
// of it. Thread-safe.
class SelfTest {
 public:
  // What is to be tried.
  struct Wanted {
    // What executions get; see ProbeSandbox().
    SandboxSpec spec;
    // Checks that may fail: it is told, and work is taken all the same.
    std::vector<std::string> best_effort;
  };

  // The references must outlive it.
  SelfTest(const Wanted& wanted, SandboxBackend& backend, SandboxReaper& reaper,
           ExecutorMetrics& metrics);

  // Blocks until `deadline` at most. kFailedPrecondition with reason
  // LIMITS_NOT_ENFORCED: a limit that must hold does not; the message says
  // which and why. kNotFound: the image is not there, so nothing is known. Else
  // as SandboxBackend::Create().
  absl::Status Run(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // What was found last; empty until it came to that.
  std::vector<EnforcementCheck> checks() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const SandboxSpec spec_;
  const std::vector<std::string> best_effort_;
  SandboxBackend& backend_;
  SandboxReaper& reaper_;
  ExecutorMetrics& metrics_;
  mutable absl::Mutex mutex_;
  std::vector<EnforcementCheck> checks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::executor
