#include "services/cli/up/up.h"

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/config/config_file.h"
#include "services/cli/client/client_facts.h"
#include "services/cli/up/complete_config.h"
#include "services/cli/up/local_services.h"
#include "services/cli/up/state_directory.h"

namespace airlock::cli {
namespace {

constexpr absl::Duration kReadyPoll = absl::Milliseconds(100);

absl::StatusOr<LocalSettings> LoadSettings(const std::string& file,
                                           const StatePaths& paths,
                                           UpReporter& reporter) {
  ConfigReading reading = ReadConfigFile(file);
  LocalSettings settings;
  if (!reading.problems.has_errors()) {
    settings = CheckLocalConfig(CompleteConfig(reading.config, paths),
                                reading.problems);
  }
  if (reading.problems.has_errors()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", file,
        "\" cannot be used: ", reading.problems.ToStatus().message()));
  }
  for (const ConfigProblem& problem : reading.problems.problems()) {
    reporter.Warn(absl::StrCat(problem.path, ": ", problem.message));
  }
  return settings;
}

// How clients on this machine find the way in.
absl::Status PublishFacts(const LocalServices& services,
                          const LocalSettings& settings,
                          const StatePaths& paths) {
  ClientFacts facts;
  facts.endpoint = services.endpoint();
  facts.token_file = paths.agent_token;
  facts.operator_token_file = paths.operator_token;
  const bool own_certificate =
      settings.gateway.tls.has_value() &&
      settings.gateway.tls->cert_path == paths.Certificate("gateway.pem");
  if (own_certificate) facts.ca_file = paths.Certificate("ca.pem");
  return WriteClientFacts(paths.directory, facts);
}

void TellFacts(const LocalServices& services, const std::string& config_file,
               const StatePaths& paths, UpReporter& reporter) {
  const auto metrics = [](const std::string& address) {
    return absl::StrCat("http://", address, "/metrics");
  };
  reporter.Tell("state", paths.directory);
  reporter.Tell("config", config_file);
  reporter.Tell("endpoint", services.endpoint());
  reporter.Tell("agentToken", paths.agent_token);
  reporter.Tell("operatorToken", paths.operator_token);
  reporter.Tell("authority", paths.Certificate("ca.pem"));
  reporter.Tell("gatewayMetrics", metrics(services.gateway_metrics()));
  reporter.Tell("policyMetrics", metrics(services.policy_metrics()));
  reporter.Tell("executorMetrics", metrics(services.executor_metrics()));
}

// Whether it became ready before a stop was asked for.
bool WaitUntilReady(LocalServices& services, UpReporter& reporter,
                    const std::function<bool(absl::Duration)>& wait_for_stop) {
  std::string told;
  for (;;) {
    absl::Status ready = services.Ready();
    if (ready.ok()) return true;
    const std::string reason(ready.message());
    if (reason != told) reporter.Wait(reason);
    told = reason;
    if (wait_for_stop(kReadyPoll)) return false;
  }
}

}  // namespace

absl::Status RunUp(const UpOptions& options, UpReporter& reporter,
                   const std::function<bool(absl::Duration)>& wait_for_stop) {
  const absl::StatusOr<StateDirectory> state =
      StateDirectory::Open(options.state_directory, options.hosts, absl::Now());
  if (!state.ok()) return state.status();
  const StatePaths& paths = state->paths();
  const std::string config_file =
      options.config_file.empty()
          ? paths.config
          : std::filesystem::absolute(options.config_file).string();
  const absl::StatusOr<LocalSettings> settings =
      LoadSettings(config_file, paths, reporter);
  if (!settings.ok()) return settings.status();
  const absl::StatusOr<std::unique_ptr<LocalServices>> services =
      LocalServices::Start(*settings);
  if (!services.ok()) return services.status();
  absl::Status published = PublishFacts(**services, *settings, paths);
  if (!published.ok()) return published;
  TellFacts(**services, config_file, paths, reporter);
  if (WaitUntilReady(**services, reporter, wait_for_stop)) {
    if (!(*services)->HasImage()) {
      reporter.Warn(absl::StrCat("the engine does not have the image ",
                                 (*services)->image(),
                                 "; the first execution pulls it"));
    }
    reporter.Ready();
    wait_for_stop(absl::InfiniteDuration());
  }
  (*services)->Drain();
  return absl::OkStatus();
}

}  // namespace airlock::cli
