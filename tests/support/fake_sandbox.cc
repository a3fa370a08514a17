#include "tests/support/fake_sandbox.h"

#include <utility>

namespace airlock {

FakeSandbox::FakeSandbox(std::shared_ptr<FakeBackendState> state,
                         std::string image_id, int losses)
    : state_(std::move(state)),
      image_id_(std::move(image_id)),
      losses_(losses) {}

FakeSandbox::~FakeSandbox() {
  if (const auto running = process()) running->Lose();
}

std::shared_ptr<FakeProcess> FakeSandbox::process() const {
  absl::MutexLock lock(&mutex_);
  return process_;
}

void FakeSandbox::Run(executor::ProcessSpec spec,
                      std::shared_ptr<executor::ProcessObserver> observer) {
  std::shared_ptr<FakeProcess> process;
  {
    absl::MutexLock lock(&mutex_);
    if (!destroyed_ && (process_ == nullptr || process_->ended())) {
      process = process_ = std::make_shared<FakeProcess>(
          state_, std::move(spec), std::move(observer));
    }
  }
  if (process == nullptr) {
    executor::ProcessEnd end;
    end.ended_by = executor::EndedBy::kNotStarted;
    end.reason = "SANDBOX_BUSY";
    observer->OnEnded(end);
    return;
  }
  {
    absl::MutexLock lock(&state_->mutex);
    state_->processes.push_back(process);
  }
  process->Start();
}

void FakeSandbox::AllowOutput(std::uint64_t limit_bytes) {
  if (const auto running = process()) running->AllowOutput(limit_bytes);
}

void FakeSandbox::Cancel() {
  if (const auto running = process()) running->Cancel();
}

bool FakeSandbox::usable() const {
  absl::MutexLock lock(&mutex_);
  absl::MutexLock state_lock(&state_->mutex);
  return !destroyed_ && losses_ == state_->losses;
}

absl::Status FakeSandbox::Destroy(absl::Time /*deadline*/) {
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->failing_destroys > 0) {
      --state_->failing_destroys;
      return absl::UnavailableError("the engine did not answer");
    }
  }
  if (const auto running = process()) {
    running->Lose();
    running->WaitEnded();
  }
  absl::MutexLock lock(&mutex_);
  if (!std::exchange(destroyed_, true)) {
    absl::MutexLock state_lock(&state_->mutex);
    --state_->live_sandboxes;
  }
  return absl::OkStatus();
}

}  // namespace airlock
