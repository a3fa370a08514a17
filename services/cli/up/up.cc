#include "services/cli/up/up.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/config/config_file.h"
#include "common/config/config_source.h"
#include "services/cli/client/client_facts.h"
#include "services/cli/up/complete_config.h"
#include "services/cli/up/local_services.h"
#include "services/cli/up/state_directory.h"

namespace airlock::cli {
namespace {

constexpr absl::Duration kReadyPoll = absl::Milliseconds(100);

ConfigReading ReadCompleted(const std::string& file, const StatePaths& paths) {
  ConfigReading reading = ReadConfigFile(file);
  reading.config = CompleteConfig(std::move(reading.config), paths);
  return reading;
}

absl::StatusOr<LocalSettings> LoadSettings(const std::string& file,
                                           const StatePaths& paths,
                                           UpReporter& reporter) {
  const ConfigSource source{
      file, [file, paths] { return ReadCompleted(file, paths); }};
  ConfigReading reading = source.read();
  LocalSettings settings;
  if (!reading.problems.has_errors()) {
    settings = CheckLocalConfig(reading.config, reading.problems);
    settings.policy.source = source;
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
  reporter.Tell("page", services.page());
  reporter.Tell("agentToken", paths.agent_token);
  reporter.Tell("operatorToken", paths.operator_token);
  reporter.Tell("authority", paths.Certificate("ca.pem"));
  reporter.Tell("gatewayMetrics", metrics(services.gateway_metrics()));
  reporter.Tell("policyMetrics", metrics(services.policy_metrics()));
  reporter.Tell("executorMetrics", metrics(services.executor_metrics()));
}

// Whether a stop was asked for before `longest` was over. Reloads meanwhile.
bool WaitForStop(LocalServices& services, UpRequests& requests,
                 absl::Duration longest) {
  const absl::Time end = absl::Now() + longest;
  for (;;) {
    switch (requests.Wait(end - absl::Now())) {
      case UpRequests::Request::kStop:
        return true;
      case UpRequests::Request::kNone:
        return false;
      case UpRequests::Request::kReload:
        services.Reload();
    }
  }
}

// Makes an approver at first use and shows its token this once.
absl::Status TellApprover(const StatePaths& paths, UpReporter& reporter) {
  const absl::StatusOr<std::optional<Secret>> token = MakeApprover(paths);
  if (!token.ok()) return token.status();
  if (!token->has_value()) return absl::OkStatus();
  reporter.Tell("approverToken", (*token)->Reveal());
  reporter.Warn(
      "the approver's token is shown only now and kept nowhere: who answers "
      "`airlock approvals` needs it");
  return absl::OkStatus();
}

// Whether it became ready before a stop was asked for.
bool WaitUntilReady(LocalServices& services, UpReporter& reporter,
                    UpRequests& requests) {
  std::string told;
  for (;;) {
    absl::Status ready = services.Ready();
    if (ready.ok()) return true;
    const std::string reason(ready.message());
    if (reason != told) reporter.Wait(reason);
    told = reason;
    if (WaitForStop(services, requests, kReadyPoll)) return false;
  }
}

}  // namespace

void UpRequests::Stop() {
  absl::MutexLock lock(&mutex_);
  stop_ = true;
}

void UpRequests::Reload() {
  absl::MutexLock lock(&mutex_);
  reload_ = true;
}

UpRequests::Request UpRequests::Wait(absl::Duration longest) {
  absl::MutexLock lock(&mutex_);
  const auto asked = [this] {
    mutex_.AssertHeld();
    return stop_ || reload_;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&asked), longest);
  if (stop_) return Request::kStop;
  return std::exchange(reload_, false) ? Request::kReload : Request::kNone;
}

absl::Status RunUp(const UpOptions& options, UpReporter& reporter,
                   UpRequests& requests) {
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
  // Not before the services have started: a token that nobody was shown is
  // lost.
  absl::Status told = TellApprover(paths, reporter);
  if (!told.ok()) return told;
  if (WaitUntilReady(**services, reporter, requests)) {
    if (!(*services)->HasImage()) {
      reporter.Warn(absl::StrCat("the engine does not have the image ",
                                 (*services)->image(),
                                 "; the first execution pulls it"));
    }
    reporter.Ready();
    WaitForStop(**services, requests, absl::InfiniteDuration());
  }
  (*services)->Drain();
  return absl::OkStatus();
}

}  // namespace airlock::cli
