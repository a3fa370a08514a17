#include "services/executor/sandbox/self_test.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "services/executor/sandbox/base_environment.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kProbeTimeout = absl::Seconds(10);
constexpr std::uint64_t kMaxOutput = 64 << 10;

// Keeps what the probe prints.
class Listener final : public ProcessObserver {
 public:
  void OnStarted() override {}
  void OnOutput(Stream stream, absl::string_view data) override {
    if (stream != Stream::kStdout) return;
    absl::MutexLock lock(&mutex_);
    absl::StrAppend(&output_, data.substr(0, kMaxOutput - output_.size()));
  }
  void OnInputCredit(std::uint64_t /*limit_bytes*/) override {}
  void OnEnded(const ProcessEnd& /*end*/) override {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }

  // Blocks until the end; what was printed until then or until `deadline`.
  std::string AwaitOutput(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithDeadline(absl::Condition(&ended_), deadline);
    return output_;
  }

 private:
  absl::Mutex mutex_;
  std::string output_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

ProcessSpec ProbeProcess(const SandboxSpec& sandbox) {
  ProcessSpec process;
  process.argv = ProbeCommand(sandbox);
  process.env = BaseEnvironment();
  process.timeout = kProbeTimeout;
  process.output_limit_bytes = kMaxOutput;
  process.output_credit_bytes = kMaxOutput;
  return process;
}

absl::Status ToStatus(const std::vector<EnforcementCheck>& checks,
                      const std::vector<std::string>& best_effort) {
  std::vector<std::string> failed;
  for (const EnforcementCheck& check : checks) {
    if (!check.ok && !absl::c_linear_search(best_effort, check.name)) {
      failed.push_back(absl::StrCat(check.name, " ", check.message));
    }
  }
  if (failed.empty()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, "LIMITS_NOT_ENFORCED",
                   absl::StrCat("limits of sandboxes are not enforced: ",
                                absl::StrJoin(failed, "; ")));
}

}  // namespace

SelfTest::SelfTest(const Wanted& wanted, SandboxBackend& backend,
                   SandboxReaper& reaper, ExecutorMetrics& metrics)
    : spec_(ProbeSandbox(wanted.spec)),
      best_effort_(wanted.best_effort),
      backend_(backend),
      reaper_(reaper),
      metrics_(metrics) {}

absl::Status SelfTest::Run(absl::Time deadline) {
  auto sandbox = backend_.Create(spec_, kSelfTestExecution, deadline, nullptr);
  if (!sandbox.ok()) return sandbox.status();
  const auto listener = std::make_shared<Listener>();
  (*sandbox)->Run(ProbeProcess(spec_), listener);
  std::vector<EnforcementCheck> checks =
      JudgeProbe(spec_, listener->AwaitOutput(deadline));
  // Nothing of it shall be in the way of the first job.
  if (!(*sandbox)->Destroy(deadline).ok()) {
    reaper_.Destroy(*std::move(sandbox), [] {});
  }
  for (const EnforcementCheck& check : checks) {
    metrics_.SetEnforcement(check.name, check.ok);
  }
  absl::Status status = ToStatus(checks, best_effort_);
  absl::MutexLock lock(&mutex_);
  checks_ = std::move(checks);
  return status;
}

std::vector<EnforcementCheck> SelfTest::checks() const {
  absl::MutexLock lock(&mutex_);
  return checks_;
}

}  // namespace airlock::executor
