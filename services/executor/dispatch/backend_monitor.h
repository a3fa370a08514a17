// Knows whether the backend can be used.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// How often a monitor looks.
struct BackendMonitorOptions {
  absl::Duration check_timeout = absl::Seconds(20);
  // While all is well.
  absl::Duration interval = absl::Seconds(15);
  // While all is well but the limits could not be tried yet.
  absl::Duration untried_interval = absl::Seconds(2);
  // While it is not: doubles from the first to the second.
  absl::Duration first_retry = absl::Milliseconds(250);
  absl::Duration last_retry = absl::Seconds(10);
};

// Asks the backend again and again on a thread of its own. Before it says "up"
// for the first time, and again after the backend was down, it removes what
// older boots left behind and has the limits of sandboxes tried. Thread-safe.
class BackendMonitor {
 public:
  // Called on the monitor's thread with each change of either, first when the
  // backend is up for the first time; `images` are those it has while it is.
  using ChangeFunction =
      std::function<void(bool up, const std::vector<BackendImage>& images)>;

  // Tries until `deadline` whether limits hold. An error means that the backend
  // must not be used; but kNotFound, that there is no image to try with. Then
  // the backend is up all the same, since a job may bring the image, and the
  // limits are tried as soon as it is there.
  using TryLimits = std::function<absl::Status(absl::Time deadline)>;

  // `backend` and `metrics` must outlive it.
  BackendMonitor(SandboxBackend& backend, ExecutorMetrics& metrics,
                 TryLimits try_limits, ChangeFunction on_change,
                 const BackendMonitorOptions& options = {});
  ~BackendMonitor();
  BackendMonitor(const BackendMonitor&) = delete;
  BackendMonitor& operator=(const BackendMonitor&) = delete;

  // Begins to look. Called once.
  void Start();

  // Looks no more: after this nothing is told. Waits for a look under way.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  // Something failed: look at once.
  void Suspect() ABSL_LOCKS_EXCLUDED(mutex_);

  // Blocks until it has looked once, however that went, or until the timeout.
  void AwaitFirstLook(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

  // Why the backend could not be used at the last look. OK: it could, or nobody
  // looked yet.
  absl::Status trouble() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run();
  // OK: usable, with leftovers removed.
  absl::Status Look();
  absl::Status RemoveLeftovers();
  absl::Status CheckLimits();
  // Waits; false when the monitor stops.
  bool Wait(absl::Duration duration) ABSL_LOCKS_EXCLUDED(mutex_);
  // Tells what is new since the last look.
  void Tell(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void LogChange(const absl::Status& status);

  SandboxBackend& backend_;
  ExecutorMetrics& metrics_;
  const TryLimits try_limits_;
  const ChangeFunction on_change_;
  const BackendMonitorOptions options_;
  // Only on the thread.
  bool cleaned_ = false;
  // Whether the limits were found to hold since the backend came up.
  bool tried_ = false;
  bool up_ = false;
  absl::Status last_status_;
  absl::Status last_untried_;
  std::vector<BackendImage> images_;
  mutable absl::Mutex mutex_;
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool suspect_ ABSL_GUARDED_BY(mutex_) = false;
  bool looked_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace airlock::executor
