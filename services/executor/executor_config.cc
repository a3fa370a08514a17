#include "services/executor/executor_config.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>
#include <system_error>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/config/contract.h"
#include "common/config/section_reader.h"
#include "common/config/values.h"
#include "services/executor/warm_targets.h"

namespace airlock::executor {
namespace {

constexpr std::int64_t kMaxRunning = 1024;
constexpr std::int64_t kMaxSandboxes = 100'000;
constexpr std::size_t kMaxTargets = 32;
constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxLabelBytes = 256;
constexpr const char* kDefaultTarget = "127.0.0.1:7401";

std::int64_t DefaultRunning(std::size_t targets) {
  const std::int64_t processors = std::thread::hardware_concurrency();
  return std::max<std::int64_t>(
      {2, processors, static_cast<std::int64_t>(targets)});
}

// Beside the program that runs, as installed and as built.
std::string DefaultRunnerPath() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "airlock-runner";
  return self.parent_path() / "airlock-runner";
}

TlsFiles ReadTls(const config::v1::Tls& proto, const std::string& path,
                 ProblemList& problems) {
  SectionReader reader(proto, path, problems);
  TlsFiles files;
  files.cert_path = reader.RequiredText("certPath");
  files.key_path = reader.RequiredText("keyPath");
  files.ca_path = reader.RequiredText("caPath");
  return files;
}

// A target with a resolver's scheme is gRPC's to judge.
void CheckTarget(const std::string& target, const std::string& path,
                 ProblemList& problems) {
  if (absl::StartsWith(target, "dns:") || absl::StartsWith(target, "unix:") ||
      absl::StartsWith(target, "ipv4:") || absl::StartsWith(target, "ipv6:")) {
    return;
  }
  const auto parsed = ParseHostPort(target);
  if (!parsed.ok()) {
    problems.AddError(path, parsed.status().message());
  } else if (parsed->port == 0) {
    problems.AddError(path,
                      absl::StrCat("must name a port from 1 to 65535: got ",
                                   QuoteForMessage(target)));
  }
}

std::vector<std::string> ReadTargets(const config::v1::Executor& proto,
                                     ProblemList& problems) {
  if (!proto.has_policy_targets()) return {kDefaultTarget};
  const auto& values = proto.policy_targets().values();
  std::vector<std::string> targets(values.begin(), values.end());
  const std::string path = "executor.policyTargets";
  if (targets.empty() || targets.size() > kMaxTargets) {
    problems.AddError(path, absl::StrCat("must have 1 to ", kMaxTargets,
                                         " targets: got ", targets.size()));
    return {kDefaultTarget};
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::string element = absl::StrCat(path, "[", i, "]");
    CheckTarget(targets[i], element, problems);
    if (!seen.insert(targets[i]).second) {
      problems.AddError(element, absl::StrCat("stands there twice: ",
                                              QuoteForMessage(targets[i])));
    }
  }
  return targets;
}

std::map<std::string, std::string> ReadLabels(const config::v1::Executor& proto,
                                              ProblemList& problems) {
  std::map<std::string, std::string> labels(proto.labels().begin(),
                                            proto.labels().end());
  if (labels.size() > kMaxLabels) {
    problems.AddError("executor.labels",
                      absl::StrCat("must have at most ", kMaxLabels,
                                   " labels: got ", labels.size()));
  }
  for (const auto& [name, value] : labels) {
    if (name.empty() || name.size() + value.size() > kMaxLabelBytes) {
      problems.AddError(
          "executor.labels",
          absl::StrCat("a label must have a name, and at most ", kMaxLabelBytes,
                       " bytes: got ", QuoteForMessage(name)));
    }
  }
  return labels;
}

void ReadAllowedMounts(const config::v1::Docker& proto,
                       DockerSettings& settings, ProblemList& problems) {
  const auto& mounts = proto.allowed_mounts().values();
  for (int i = 0; i < mounts.size(); ++i) {
    if (!absl::StartsWith(mounts[i], "/")) {
      problems.AddError(absl::StrCat("executor.docker.allowedMounts[", i, "]"),
                        absl::StrCat("must be an absolute path: got ",
                                     QuoteForMessage(mounts[i])));
    }
    settings.allowed_mounts.push_back(mounts[i]);
  }
}

DockerSettings ReadDocker(const config::v1::Docker& proto,
                          ProblemList& problems) {
  const std::string path = "executor.docker";
  SectionReader reader(proto, path, problems);
  DockerSettings settings;
  settings.endpoint = reader.Text("endpoint", "unix:///var/run/docker.sock");
  const bool is_tcp = absl::StartsWith(settings.endpoint, "tcp://");
  if (!is_tcp && !absl::StartsWith(settings.endpoint, "unix:///")) {
    reader.AddError(
        "endpoint",
        absl::StrCat("must be unix:///path or tcp://host:port: got ",
                     QuoteForMessage(settings.endpoint)));
  }
  if (reader.Has("tls")) {
    settings.tls = ReadTls(proto.tls(), path + ".tls", problems);
    if (!is_tcp) reader.AddError("tls", "is only for an endpoint by tcp");
  } else if (is_tcp) {
    const auto address = ParseHostPort(settings.endpoint.substr(6));
    if (!address.ok()) {
      reader.AddError("endpoint", address.status().message());
    } else if (!address->IsLoopback()) {
      reader.AddError("tls", "is required for an engine on another machine");
    }
  }
  ReadAllowedMounts(proto, settings, problems);
  for (const auto& [registry, credential] : proto.registries()) {
    SectionReader entry(credential,
                        absl::StrCat(path, ".registries.", registry), problems);
    settings.registries[registry] = {
        .username = entry.RequiredText("username"),
        .password_path = entry.RequiredText("passwordPath")};
  }
  return settings;
}

std::size_t CountWaiting(const ExecutorConfig& checked) {
  return std::accumulate(
      checked.warm_targets.begin(), checked.warm_targets.end(), std::size_t{0},
      [](std::size_t sum, const auto& each) { return sum + each.size; });
}

// With fewer uses than sandboxes that wait, a host would be made new for them
// alone, again and again.
void CheckRotation(ExecutorConfig& checked, ProblemList& problems) {
  if (!checked.ssh.has_value() || checked.backend != "ssh") return;
  const SshRotationSettings& rotation = checked.ssh->rotation;
  if (rotation.every_session) {
    // The one that waits would be the one there may be.
    checked.warm_targets.clear();
    return;
  }
  const std::size_t waiting = CountWaiting(checked);
  if (rotation.max_uses == 0 || rotation.max_uses > waiting) return;
  problems.AddError(
      "sandbox.ssh.rotation.maxUses",
      absl::StrCat("must be more than the ", waiting,
                   " sandboxes that wait in warm pools: got ",
                   rotation.max_uses,
                   "; give more or make sandbox.warmPool.size smaller"));
}

// Jobs and what waits for them must have room at the same time.
void CheckRoom(const ExecutorConfig& checked, ProblemList& problems) {
  const std::size_t waiting = CountWaiting(checked);
  if (waiting + checked.max_running <= checked.max_sandboxes) return;
  problems.AddError(
      "executor.maxSandboxes",
      absl::StrCat("must have room for executor.maxRunning, ",
                   checked.max_running, ", and for what waits in warm pools, ",
                   waiting, " of ", checked.warm_targets.size(), " kinds: got ",
                   checked.max_sandboxes,
                   "; give more or make sandbox.warmPool.size smaller"));
}

}  // namespace

ExecutorConfig ExecutorConfigFromProto(const config::v1::Config& config,
                                       ProblemList& problems) {
  ExecutorConfig checked;
  SectionReader sandbox(config.sandbox(), "sandbox", problems);
  checked.backend = sandbox.Word("backend", "docker", {"docker", "ssh"});

  SectionReader executor(config.executor(), "executor", problems);
  checked.state_path = executor.RequiredText("statePath");
  checked.policy_targets = ReadTargets(config.executor(), problems);
  checked.tls = ReadTls(config.executor().tls(), "executor.tls", problems);
  checked.grant_public_key_path = executor.RequiredText("grantPublicKeyPath");
  const auto targets = static_cast<std::int64_t>(checked.policy_targets.size());
  checked.max_running = static_cast<std::size_t>(executor.Integer(
      "maxRunning", DefaultRunning(checked.policy_targets.size()),
      {targets, kMaxRunning}));
  checked.max_sandboxes = static_cast<std::size_t>(executor.Integer(
      "maxSandboxes", static_cast<std::int64_t>(checked.max_running) + 64,
      {static_cast<std::int64_t>(checked.max_running), kMaxSandboxes}));
  checked.labels = ReadLabels(config.executor(), problems);
  checked.metrics_listen =
      executor.Listen("metricsListen", "127.0.0.1:9466").ToString();
  checked.probe_listen =
      executor.Listen("probeListen", "127.0.0.1:7412").ToString();
  checked.drain_timeout =
      executor.Milliseconds("drainTimeout", absl::Seconds(60));
  checked.runner_path = executor.Text("runnerPath", DefaultRunnerPath());
  checked.docker = ReadDocker(config.executor().docker(), problems);
  if (const auto contract = ContractFromConfig(config, problems)) {
    checked.warm_targets = WarmTargetsFrom(*contract, checked.backend);
    checked.tried_sandbox = TriedSandboxFrom(*contract, checked.backend);
    checked.ssh = contract->defaults().sandbox.ssh;
  }
  CheckRotation(checked, problems);
  CheckRoom(checked, problems);
  return checked;
}

}  // namespace airlock::executor
