// `airlock up`: from a state directory to three services that run.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock::cli {

// What the command line says.
struct UpOptions {
  // Not empty.
  std::string state_directory;
  // Empty: the state directory's own.
  std::string config_file;
  // Further names and addresses of this machine, for new certificates.
  std::vector<std::string> hosts;
};

// What is told while it comes up and runs.
class UpReporter {
 public:
  virtual ~UpReporter() = default;

  // A fact such as {"endpoint", "127.0.0.1:7400"}.
  virtual void Tell(absl::string_view name, absl::string_view value) = 0;
  // What is waited for; called when it changes.
  virtual void Wait(absl::string_view what) = 0;
  // Executions run now.
  virtual void Ready() = 0;
  // Something a person should know.
  virtual void Warn(absl::string_view text) = 0;
};

// What is asked of it from outside while it runs. Thread-safe.
class UpRequests {
 public:
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  void Reload() ABSL_LOCKS_EXCLUDED(mutex_);

  // What Wait() ended with.
  enum class Request { kNone, kReload, kStop };

  // Blocks until something is asked for, or `longest` is over. A stop comes
  // first and is told every time; a reload once, however often it was asked.
  Request Wait(absl::Duration longest) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  bool reload_ ABSL_GUARDED_BY(mutex_) = false;
};

// Runs the services until a stop is asked for, then drains them. Errors are for
// a person to read.
absl::Status RunUp(const UpOptions& options, UpReporter& reporter,
                   UpRequests& requests);

}  // namespace airlock::cli
