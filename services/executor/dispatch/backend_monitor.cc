#include "services/executor/dispatch/backend_monitor.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/logging/log.h"

namespace airlock::executor {

BackendMonitor::BackendMonitor(SandboxBackend& backend,
                               ExecutorMetrics& metrics,
                               ChangeFunction on_change,
                               const BackendMonitorOptions& options)
    : backend_(backend),
      metrics_(metrics),
      on_change_(std::move(on_change)),
      options_(options),
      thread_([this] { Run(); }) {}

BackendMonitor::~BackendMonitor() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void BackendMonitor::Suspect() {
  absl::MutexLock lock(&mutex_);
  suspect_ = true;
}

void BackendMonitor::Run() {
  absl::Duration retry = options_.first_retry;
  while (true) {
    const absl::Status status = Look();
    if (status.ok() != up_ || status != last_error_) {
      Change(status.ok(), status);
    }
    if (status.ok()) {
      retry = options_.first_retry;
      if (!Wait(options_.interval)) return;
    } else {
      if (!Wait(retry)) return;
      retry = std::min(2 * retry, options_.last_retry);
    }
  }
}

absl::Status BackendMonitor::Look() {
  absl::Status status = backend_.Check(absl::Now() + options_.check_timeout);
  if (!status.ok() || cleaned_) return status;
  const absl::StatusOr<int> removed =
      backend_.RemoveLeftovers(absl::Now() + 3 * options_.check_timeout);
  if (!removed.ok()) return removed.status();
  cleaned_ = true;
  metrics_.CountRemovedLeftovers(*removed);
  if (*removed > 0) {
    LogInfo("removed sandboxes of older boots", {{"count", *removed}});
  }
  return absl::OkStatus();
}

bool BackendMonitor::Wait(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  const auto woken = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || suspect_;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&woken), duration);
  suspect_ = false;
  return !stopping_;
}

void BackendMonitor::Change(bool up, const absl::Status& status) {
  last_error_ = status;
  if (!up) {
    LogWarning("backend cannot be used",
               {{"backend", backend_.name()}, {"error", status}});
    if (!up_) return;
  }
  up_ = up;
  metrics_.SetBackendUp(up);
  std::vector<BackendImage> images;
  if (up) {
    LogInfo("backend can be used", {{"backend", backend_.name()}});
    auto listed = backend_.ListImages(absl::Now() + options_.check_timeout);
    // Images are told to the policy as a hint only.
    if (listed.ok()) images = *std::move(listed);
  }
  on_change_(up, images);
}

}  // namespace airlock::executor
