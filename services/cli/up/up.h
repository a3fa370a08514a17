// `airlock up`: from a state directory to three services that run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
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

// Runs the services until a stop is asked for, then drains them.
// `wait_for_stop` blocks until then or until the duration is over, and says
// whether it was asked for. Errors are for a person to read.
absl::Status RunUp(const UpOptions& options, UpReporter& reporter,
                   const std::function<bool(absl::Duration)>& wait_for_stop);

}  // namespace airlock::cli
