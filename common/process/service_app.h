// What a service's main.cc has in common with every other: options, the
// configuration file, signals and the graceful end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/config_source.h"
#include "common/config/problems.h"

namespace airlock {

// A service that runs: GatewayApp, PolicyApp, ExecutorApp. It serves from its
// making to its destruction and keeps no state of the whole process, so that
// several live in one.
class ServiceApp {
 public:
  virtual ~ServiceApp() = default;

  // Is not ready any more, takes nothing new and lets what is there end until
  // `deadline`, when it is cut. Blocks; later calls do nothing.
  virtual void Drain(absl::Time deadline) = 0;

  // Takes up what has changed in the configuration, as far as that is possible
  // without a restart. Does not block. Unless overridden it says in the log
  // that a restart is what it takes.
  virtual void Reload();
};

// What RunServiceMain() needs to know of a service.
struct ServiceMain {
  // The program's name, such as "airlock-gateway".
  std::string name;
  // One sentence for --help.
  std::string description;
  // Checks the service's part of the configuration and adds what is wrong with
  // it to the list; the source is for who reads it again. Returns how to start:
  // called at most once, only if there were no errors; its own error ends the
  // process.
  struct Prepared {
    std::function<absl::StatusOr<std::unique_ptr<ServiceApp>>()> start;
    absl::Duration drain_timeout;
  };
  std::function<Prepared(const airlock::config::v1::Config&,
                         const ConfigSource&, ProblemList&)>
      prepare;
};

// The whole of main(): reads --config FILE, runs the service until SIGTERM or
// SIGINT, then drains it; a second one ends the process at once. SIGHUP
// reloads.
// --check-config prints every problem with its key path instead, and is 1 with
// errors, 0 without. Returns the exit code: 0 after a graceful end, 1 if the
// configuration is wrong or the start failed, 2 for wrong options.
int RunServiceMain(int argc, char** argv, const ServiceMain& service);

}  // namespace airlock
