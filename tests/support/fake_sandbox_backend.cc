#include "tests/support/fake_sandbox_backend.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/executor/sandbox/spec_check.h"
#include "tests/support/fake_sandbox.h"

namespace airlock {
namespace {

using executor::BackendImage;

}  // namespace

FakeSandboxBackend::FakeSandboxBackend(absl::string_view name)
    : name_(name), state_(std::make_shared<FakeBackendState>()) {}

FakeSandboxBackend::~FakeSandboxBackend() = default;

absl::StatusOr<std::unique_ptr<executor::Sandbox>> FakeSandboxBackend::Create(
    const executor::SandboxSpec& spec, absl::string_view /*execution_id*/,
    absl::Time deadline, const executor::ProgressFunction& progress) {
  FieldViolations violations;
  executor::CheckSandboxSpec(spec, violations);
  if (!violations.empty()) return violations.ToStatus();
  if (absl::StartsWith(spec.image, "airlock/no-such")) {
    return MakeError(absl::StatusCode::kNotFound, "IMAGE_NOT_FOUND",
                     absl::StrCat("image \"", spec.image, "\" is not there"));
  }
  if (absl::Now() >= deadline) {
    return absl::DeadlineExceededError("the engine did not answer");
  }
  if (progress) progress("creating sandbox", 0, 0);
  absl::MutexLock lock(&state_->mutex);
  if (!spec.image_id.empty() && spec.image_id != state_->image_id) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "IMAGE_CHANGED",
        absl::StrCat("image \"", spec.image, "\" must be ", spec.image_id));
  }
  ++state_->creating;
  const auto created = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex) {
    --state_->creating;
  };
  const absl::Cleanup count = created;
  const auto released = [this]() ABSL_SHARED_LOCKS_REQUIRED(state_->mutex) {
    return !state_->hold_creates;
  };
  if (!state_->mutex.AwaitWithDeadline(absl::Condition(&released), deadline)) {
    return absl::DeadlineExceededError("the engine did not answer");
  }
  if (!state_->next_create.ok()) {
    return std::exchange(state_->next_create, absl::OkStatus());
  }
  if (!state_->creates.ok()) {
    ++state_->failed_creates;
    return state_->creates;
  }
  state_->created.push_back(spec);
  ++state_->live_sandboxes;
  return std::make_unique<FakeSandbox>(state_, spec, state_->image_id,
                                       state_->losses);
}

absl::Status FakeSandboxBackend::Check(absl::Time /*deadline*/) {
  absl::MutexLock lock(&state_->mutex);
  return state_->check;
}

absl::StatusOr<std::vector<executor::BackendImage>>
FakeSandboxBackend::ListImages(absl::Time /*deadline*/) {
  absl::MutexLock lock(&state_->mutex);
  return std::vector<BackendImage>{
      {.reference = "airlock/sandbox:latest", .id = state_->image_id}};
}

absl::StatusOr<int> FakeSandboxBackend::RemoveLeftovers(
    absl::Time /*deadline*/) {
  absl::MutexLock lock(&state_->mutex);
  return std::exchange(state_->leftovers, 0);
}

void FakeSandboxBackend::FailNextCreate(absl::Status error) {
  absl::MutexLock lock(&state_->mutex);
  state_->next_create = std::move(error);
}

void FakeSandboxBackend::FailCreates(absl::Status error) {
  absl::MutexLock lock(&state_->mutex);
  state_->creates = std::move(error);
}

void FakeSandboxBackend::SetImageId(std::string id) {
  absl::MutexLock lock(&state_->mutex);
  state_->image_id = std::move(id);
}

void FakeSandboxBackend::SetProbeLine(const std::string& name,
                                      std::string values) {
  absl::MutexLock lock(&state_->mutex);
  if (values.empty()) {
    state_->probe_lines.erase(name);
  } else {
    state_->probe_lines[name] = std::move(values);
  }
}

void FakeSandboxBackend::HoldCreates(bool held) {
  absl::MutexLock lock(&state_->mutex);
  state_->hold_creates = held;
}

void FakeSandboxBackend::FailNextDestroys(int count) {
  absl::MutexLock lock(&state_->mutex);
  state_->failing_destroys = count;
}

void FakeSandboxBackend::SetCheck(absl::Status status) {
  absl::MutexLock lock(&state_->mutex);
  state_->check = std::move(status);
}

void FakeSandboxBackend::SetLeftovers(int count) {
  absl::MutexLock lock(&state_->mutex);
  state_->leftovers = count;
}

bool FakeSandboxBackend::WaitForNoLeftovers(absl::Duration timeout) {
  absl::MutexLock lock(&state_->mutex);
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(state_->mutex) {
    return state_->leftovers == 0;
  };
  return state_->mutex.AwaitWithTimeout(absl::Condition(&none), timeout);
}

void FakeSandboxBackend::SetProcessesEndEmpty(bool empty) {
  absl::MutexLock lock(&state_->mutex);
  state_->end_empty = empty;
}

void FakeSandboxBackend::LoseSandboxes() {
  std::vector<std::weak_ptr<FakeProcess>> processes;
  {
    absl::MutexLock lock(&state_->mutex);
    processes = state_->processes;
    ++state_->losses;
  }
  for (const auto& weak : processes) {
    if (const auto process = weak.lock()) process->Lose();
  }
}

std::vector<executor::SandboxSpec> FakeSandboxBackend::created_specs() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->created;
}

std::vector<executor::ProcessSpec> FakeSandboxBackend::started_processes()
    const {
  absl::MutexLock lock(&state_->mutex);
  return state_->started;
}

int FakeSandboxBackend::failed_creates() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->failed_creates;
}

bool FakeSandboxBackend::WaitForCreated(std::size_t count,
                                        absl::Duration timeout) const {
  const auto reached = [this, count]()
                           ABSL_SHARED_LOCKS_REQUIRED(state_->mutex) {
                             return state_->created.size() >= count;
                           };
  absl::MutexLock lock(&state_->mutex);
  return state_->mutex.AwaitWithTimeout(absl::Condition(&reached), timeout);
}

bool FakeSandboxBackend::WaitForCreating(int count,
                                         absl::Duration timeout) const {
  const auto reached = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(
                           state_->mutex) { return state_->creating == count; };
  absl::MutexLock lock(&state_->mutex);
  return state_->mutex.AwaitWithTimeout(absl::Condition(&reached), timeout);
}

int FakeSandboxBackend::live_sandboxes() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->live_sandboxes;
}

int FakeSandboxBackend::running_processes() const {
  absl::MutexLock lock(&state_->mutex);
  return state_->running_processes;
}

bool FakeSandboxBackend::WaitForStarted(int count,
                                        absl::Duration timeout) const {
  const auto enough = [this,
                       count]() ABSL_SHARED_LOCKS_REQUIRED(state_->mutex) {
    return state_->started.size() >= static_cast<std::size_t>(count);
  };
  absl::MutexLock lock(&state_->mutex);
  return state_->mutex.AwaitWithTimeout(absl::Condition(&enough), timeout);
}

bool FakeSandboxBackend::WaitForLiveSandboxes(int count,
                                              absl::Duration timeout) const {
  const auto reached = [this, count]()
                           ABSL_SHARED_LOCKS_REQUIRED(state_->mutex) {
                             return state_->live_sandboxes == count;
                           };
  absl::MutexLock lock(&state_->mutex);
  return state_->mutex.AwaitWithTimeout(absl::Condition(&reached), timeout);
}

}  // namespace airlock
