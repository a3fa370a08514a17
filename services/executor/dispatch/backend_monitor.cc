#include "services/executor/dispatch/backend_monitor.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/logging/log.h"

namespace airlock::executor {

BackendMonitor::BackendMonitor(SandboxBackend& backend,
                               ExecutorMetrics& metrics, TryLimits try_limits,
                               ChangeFunction on_change,
                               const BackendMonitorOptions& options)
    : backend_(backend),
      metrics_(metrics),
      try_limits_(std::move(try_limits)),
      on_change_(std::move(on_change)),
      options_(options) {}

void BackendMonitor::Start() {
  thread_ = std::thread([this] { Run(); });
}

BackendMonitor::~BackendMonitor() { Stop(); }

void BackendMonitor::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void BackendMonitor::Suspect() {
  absl::MutexLock lock(&mutex_);
  suspect_ = true;
}

void BackendMonitor::AwaitFirstLook(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&looked_), timeout);
}

void BackendMonitor::Run() {
  absl::Duration retry = options_.first_retry;
  while (true) {
    const absl::Status status = Look();
    Tell(status);
    {
      absl::MutexLock lock(&mutex_);
      looked_ = true;
    }
    if (status.ok()) {
      retry = options_.first_retry;
      if (!Wait(tried_ ? options_.interval : options_.untried_interval)) return;
    } else {
      tried_ = false;
      if (!Wait(retry)) return;
      retry = std::min(2 * retry, options_.last_retry);
    }
  }
}

absl::Status BackendMonitor::Look() {
  absl::Status status = backend_.Check(absl::Now() + options_.check_timeout);
  if (status.ok()) status = RemoveLeftovers();
  if (status.ok()) status = CheckLimits();
  return status;
}

absl::Status BackendMonitor::RemoveLeftovers() {
  // Each time: what an older boot had asked for when it died may appear only
  // after the first look.
  const absl::StatusOr<int> removed =
      backend_.RemoveLeftovers(absl::Now() + 3 * options_.check_timeout);
  if (removed.ok()) {
    cleaned_ = true;
    metrics_.CountRemovedLeftovers(*removed);
    if (*removed > 0) {
      LogInfo("removed sandboxes of older boots", {{"count", *removed}});
    }
  } else if (cleaned_) {
    LogWarning("sandboxes of older boots could not be removed yet",
               {{"error", removed.status()}});
  } else {
    return removed.status();
  }
  return absl::OkStatus();
}

absl::Status BackendMonitor::CheckLimits() {
  if (tried_) return absl::OkStatus();
  absl::Status held = try_limits_(absl::Now() + options_.check_timeout);
  tried_ = held.ok();
  if (!absl::IsNotFound(held)) return held;
  if (held != last_untried_) {
    LogWarning("limits of sandboxes cannot be tried yet", {{"error", held}});
  }
  last_untried_ = held;
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

absl::Status BackendMonitor::trouble() const {
  absl::MutexLock lock(&mutex_);
  return trouble_;
}

void BackendMonitor::Tell(const absl::Status& status) {
  LogChange(status);
  {
    absl::MutexLock lock(&mutex_);
    trouble_ = status;
  }
  const bool was_up = std::exchange(up_, status.ok());
  if (!up_) {
    if (was_up) on_change_(false, {});
    return;
  }
  auto listed = backend_.ListImages(absl::Now() + options_.check_timeout);
  // A list that cannot be had leaves the old one: it is a hint only.
  std::vector<BackendImage> images = listed.ok() ? *std::move(listed) : images_;
  if (was_up && images == images_) return;
  images_ = std::move(images);
  on_change_(true, images_);
}

void BackendMonitor::LogChange(const absl::Status& status) {
  metrics_.SetBackendUp(status.ok());
  if (status.ok() && !up_) {
    LogInfo("backend can be used", {{"backend", backend_.name()}});
  } else if (!status.ok() && status != last_status_) {
    LogWarning("backend cannot be used",
               {{"backend", backend_.name()}, {"error", status}});
  }
  last_status_ = status;
}

}  // namespace airlock::executor
