#include "services/executor/backends/ssh/duty/rotating_backend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "services/executor/sandbox/forwarding_observer.h"

namespace airlock::executor {
namespace {

// How often the host's age is looked at.
constexpr absl::Duration kLook = absl::Seconds(1);
// How long a look at the backend waits for a host that is almost new.
constexpr absl::Duration kShortWait = absl::Seconds(2);

absl::Status BusyError(absl::string_view message) {
  return MakeError(absl::StatusCode::kUnavailable, "HOST_BUSY", message);
}

}  // namespace

// Hears what becomes of a process whose sandbox's host may be lost.
class RotatingBackend::LossObserver final : public ForwardingObserver {
 public:
  LossObserver(std::shared_ptr<ProcessObserver> observer,
               std::shared_ptr<std::atomic<bool>> lost)
      : ForwardingObserver(std::move(observer)), lost_(std::move(lost)) {}

  void OnEnded(const ProcessEnd& end) override {
    if (end.ended_by == EndedBy::kOutcomeUnknown) *lost_ = true;
    observer()->OnEnded(end);
  }

 private:
  const std::shared_ptr<std::atomic<bool>> lost_;
};

// Counts as live until it is destroyed.
class RotatingBackend::CountedSandbox final : public Sandbox {
 public:
  CountedSandbox(std::unique_ptr<Sandbox> sandbox, bool counts,
                 RotatingBackend& owner)
      : owner_(owner), counts_(counts), sandbox_(std::move(sandbox)) {}
  ~CountedSandbox() override {
    sandbox_ = nullptr;
    Release(/*failed=*/false);
  }

  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) override {
    ran_ = true;
    return sandbox_->Run(std::move(spec), std::make_shared<LossObserver>(
                                              std::move(observer), lost_));
  }
  std::string image_id() const override { return sandbox_->image_id(); }
  // One that only waits for work must not hold up the host.
  bool usable() const override {
    return sandbox_->usable() && (ran_ || !owner_.due());
  }
  absl::Status Destroy(absl::Time deadline) override {
    absl::Status destroyed = sandbox_->Destroy(deadline);
    Release(/*failed=*/!destroyed.ok());
    return destroyed;
  }

 private:
  void Release(bool failed) {
    if (!released_.exchange(true)) owner_.Release(counts_, failed || *lost_);
  }

  RotatingBackend& owner_;
  const bool counts_;
  std::atomic<bool> ran_ = false;
  std::atomic<bool> released_ = false;
  // Whether the host was, with something that ran.
  const std::shared_ptr<std::atomic<bool>> lost_ =
      std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<Sandbox> sandbox_;
};

RotatingBackend::RotatingBackend(RotationOptions options,
                                 MakeBackend make_backend,
                                 std::unique_ptr<HostRenewal> renewal,
                                 const Clock& clock, ExecutorMetrics& metrics)
    : options_(options),
      make_backend_(std::move(make_backend)),
      renewal_(std::move(renewal)),
      clock_(clock),
      metrics_(metrics),
      retry_(options.first_retry),
      due_(renewal_ == nullptr ? "" : "start"),
      born_(clock.Monotonic()) {
  if (renewal_ == nullptr) backend_ = make_backend_();
  thread_ = std::thread([this] { Run(); });
}

RotatingBackend::~RotatingBackend() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

bool RotatingBackend::CanEnter() const {
  return due_.empty() && backend_ != nullptr &&
         !(options_.every_session && live_ > 0);
}

bool RotatingBackend::CanRenew() const {
  return !due_.empty() && live_ == 0 && absl::Now() >= retry_at_;
}

bool RotatingBackend::due() const {
  absl::MutexLock lock(&mutex_);
  return !due_.empty();
}

void RotatingBackend::FindDue(bool wants_more) {
  if (!due_.empty()) return;
  if (clock_.Monotonic() - born_ >= options_.max_age) {
    due_ = "age";
  } else if (wants_more && options_.max_uses > 0 &&
             uses_ >= options_.max_uses) {
    // Not before: one that waits for work is to be used.
    due_ = "uses";
  }
}

absl::Status RotatingBackend::WhyNot() const {
  if (!quarantine_.ok()) return quarantine_;
  if (stopping_) return BusyError("the executor stops");
  if (due_.empty()) return BusyError("the host takes one sandbox at a time");
  return BusyError(absl::StrCat("the host is made new (", due_, "); ", live_,
                                " sandboxes are left"));
}

absl::StatusOr<std::shared_ptr<SandboxBackend>> RotatingBackend::Enter(
    absl::string_view execution_id, absl::Time deadline) {
  const bool is_use = execution_id != kSelfTestExecution;
  absl::MutexLock lock(&mutex_);
  FindDue(is_use);
  const auto is_decided = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return CanEnter() || stopping_ || !quarantine_.ok();
  };
  mutex_.AwaitWithDeadline(absl::Condition(&is_decided), deadline);
  if (!CanEnter() || stopping_) return WhyNot();
  ++live_;
  if (is_use) ++uses_;
  return backend_;
}

absl::StatusOr<std::unique_ptr<Sandbox>> RotatingBackend::Create(
    const SandboxSpec& spec, absl::string_view execution_id,
    absl::Time deadline, const ProgressFunction& progress) {
  if (progress) progress("waiting for the host", 0, 0);
  const auto backend = Enter(execution_id, deadline);
  if (!backend.ok()) return backend.status();
  const bool is_use = execution_id != kSelfTestExecution;
  auto sandbox = (*backend)->Create(spec, execution_id, deadline, progress);
  if (!sandbox.ok()) {
    Release(/*was_used=*/false, absl::IsDataLoss(sandbox.status()));
    return sandbox.status();
  }
  return std::make_unique<CountedSandbox>(*std::move(sandbox), is_use, *this);
}

void RotatingBackend::Release(bool was_used, bool failed) {
  absl::MutexLock lock(&mutex_);
  --live_;
  if (!due_.empty()) return;
  if (failed) {
    due_ = "failure";
  } else if (was_used && options_.every_session) {
    due_ = "session";
  }
}

absl::StatusOr<std::shared_ptr<SandboxBackend>> RotatingBackend::Ask(
    absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  FindDue(/*wants_more=*/false);
  const auto is_decided = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return due_.empty() || stopping_ || live_ > 0 || !quarantine_.ok();
  };
  mutex_.AwaitWithDeadline(absl::Condition(&is_decided),
                           std::min(deadline, absl::Now() + kShortWait));
  if (!due_.empty() || stopping_) return WhyNot();
  return backend_;
}

absl::Status RotatingBackend::Check(absl::Time deadline) {
  const auto backend = Ask(deadline);
  return backend.ok() ? (*backend)->Check(deadline) : backend.status();
}

absl::StatusOr<std::vector<BackendImage>> RotatingBackend::ListImages(
    absl::Time deadline) {
  const auto backend = Ask(deadline);
  if (!backend.ok()) return backend.status();
  return (*backend)->ListImages(deadline);
}

absl::StatusOr<int> RotatingBackend::RemoveLeftovers(absl::Time deadline) {
  const auto backend = Ask(deadline);
  if (!backend.ok()) return backend.status();
  return (*backend)->RemoveLeftovers(deadline);
}

void RotatingBackend::Run() {
  while (true) {
    bool renews = false;
    {
      absl::MutexLock lock(&mutex_);
      const auto is_needed = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopping_ || CanRenew();
      };
      mutex_.AwaitWithTimeout(absl::Condition(&is_needed), kLook);
      if (stopping_) return;
      FindDue(/*wants_more=*/false);
      renews = CanRenew();
    }
    if (renews && MayRenew()) RenewHost();
  }
}

bool RotatingBackend::MayRenew() {
  const absl::Status may =
      renewal_ == nullptr ? absl::OkStatus() : renewal_->MayRenew();
  if (!may.ok()) Quarantine(may, options_.first_retry);
  return may.ok();
}

void RotatingBackend::RenewHost() {
  std::shared_ptr<SandboxBackend> old;
  std::string reason;
  {
    absl::MutexLock lock(&mutex_);
    old = std::exchange(backend_, nullptr);
    reason = due_;
  }
  LogInfo("the host is made new", {{"reason", reason}});
  // Whoever still asks it ends soon; its destructor ends what is on the host.
  old = nullptr;
  const absl::Duration begin = clock_.Monotonic();
  const absl::Status status = renewal_ == nullptr
                                  ? absl::OkStatus()
                                  : renewal_->Renew(reason, stopping_);
  metrics_.ObserveHostRestore(clock_.Monotonic() - begin);
  Finish(reason, status);
}

void RotatingBackend::Finish(const std::string& reason,
                             const absl::Status& status) {
  if (stopping_) return;
  if (!status.ok()) {
    metrics_.CountHostRestoreFailure();
    Quarantine(status, retry_);
    retry_ = std::min(retry_ * 2, options_.last_retry);
    return;
  }
  if (reason != "start") metrics_.CountHostRotation(reason);
  metrics_.SetHostQuarantined(false);
  retry_ = options_.first_retry;
  std::shared_ptr<SandboxBackend> fresh = make_backend_();
  absl::MutexLock lock(&mutex_);
  backend_ = std::move(fresh);
  due_.clear();
  quarantine_ = absl::OkStatus();
  retry_at_ = absl::InfinitePast();
  uses_ = 0;
  born_ = clock_.Monotonic();
}

void RotatingBackend::Quarantine(const absl::Status& why,
                                 absl::Duration pause) {
  metrics_.SetHostQuarantined(true);
  const absl::Status error = MakeError(
      absl::StatusCode::kFailedPrecondition, "HOST_QUARANTINED",
      absl::StrCat("the host could not be made new: ", why.message()));
  bool is_new = false;
  {
    absl::MutexLock lock(&mutex_);
    is_new = error.message() != quarantine_.message();
    quarantine_ = error;
    retry_at_ = absl::Now() + pause;
  }
  if (is_new) LogError("the host is in quarantine", {{"error", why}});
}

}  // namespace airlock::executor
