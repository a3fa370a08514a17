#include "common/process/service_app.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/concurrency/lock_order.h"
#include "common/config/config_file.h"
#include "common/logging/log.h"
#include "common/process/library_logs.h"
#include "common/process/open_files.h"
#include "common/process/stop_signals.h"
#include "common/process/version.h"

namespace airlock {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

struct Options {
  std::string config;
  bool check_only = false;
};

// Returns an exit code if the process should end now.
std::optional<int> ParseOptions(int argc, char** argv,
                                const ServiceMain& service, Options& options) {
  CLI::App app(service.description, service.name);
  app.add_option("--config", options.config, "The configuration file.")
      ->type_name("FILE")
      ->required();
  app.add_flag("--check-config", options.check_only,
               "Only check the configuration and print every problem; ends "
               "with 1 if there are errors.");
  app.set_version_flag("--version", absl::StrCat(service.name, " ", Version(),
                                                 " (", Commit(), ")"));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return std::nullopt;
}

int ReportCheck(const std::string& path, const ProblemList& problems) {
  if (problems.empty()) {
    std::cout << path << ": no problems\n";
  } else {
    std::cout << FormatProblems(problems);
  }
  std::cout.flush();
  return problems.has_errors() ? kFailed : 0;
}

void LogProblems(const ProblemList& problems) {
  for (const ConfigProblem& problem : problems.problems()) {
    const auto log = problem.is_warning ? LogWarning : LogError;
    log("configuration problem",
        {{"key", problem.path}, {"problem", problem.message}});
  }
}

int RunUntilStopped(const ServiceMain& service,
                    const ServiceMain::Prepared& prepared,
                    StopSignals& signals) {
  absl::StatusOr<std::unique_ptr<ServiceApp>> app = prepared.start();
  if (!app.ok()) {
    LogError("service not started",
             {{"service", service.name}, {"error", app.status()}});
    return kFailed;
  }
  LogInfo("service started", {{"service", service.name},
                              {"version", Version()},
                              {"commit", Commit()}});
  const int signal = signals.Wait([&app] { (*app)->Reload(); });
  LogInfo("service draining", {{"service", service.name},
                               {"signal", signal},
                               {"timeout_seconds", prepared.drain_timeout}});
  signals.ExitOnNext();
  (*app)->Drain(absl::Now() + prepared.drain_timeout);
  app->reset();
  LogInfo("service stopped", {{"service", service.name}});
  return 0;
}

}  // namespace

void ServiceApp::Reload() {
  LogInfo(
      "configuration not read again: this service takes it up when it is "
      "started again; its file of tokens is read when it changes");
}

int RunServiceMain(int argc, char** argv, const ServiceMain& service) {
  Options options;
  const std::optional<int> exit_code =
      ParseOptions(argc, argv, service, options);
  if (exit_code.has_value()) return *exit_code;

  // Before anything that starts a thread, `prepare` included.
  StopSignals signals;
  StopLockOrderChecks();
  AllowManyOpenFiles();
  RouteLibraryLogs();
  ConfigReading reading = ReadConfigFile(options.config);
  const ServiceMain::Prepared prepared = service.prepare(
      reading.config, FileSource(options.config), reading.problems);
  if (options.check_only) return ReportCheck(options.config, reading.problems);
  LogProblems(reading.problems);
  if (reading.problems.has_errors()) return kFailed;
  return RunUntilStopped(service, prepared, signals);
}

}  // namespace airlock
