#include "services/executor/backend_factory.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/security/pem_file.h"
#include "common/security/random.h"
#include "common/time/clock.h"
#include "services/executor/backends/docker/docker_backend.h"
#include "services/executor/backends/ssh/duty/host_restorer.h"
#include "services/executor/backends/ssh/duty/rotating_backend.h"
#include "services/executor/backends/ssh/ssh_backend.h"

namespace airlock::executor {
namespace {

absl::StatusOr<RegistryCredentials> ReadCredentials(
    const DockerSettings& settings) {
  RegistryCredentials credentials;
  for (const auto& [registry, credential] : settings.registries) {
    auto password = ReadSecretFile(credential.password_path);
    if (!password.ok()) {
      return absl::Status(
          password.status().code(),
          absl::StrCat("executor.docker.registries.", registry,
                       ".passwordPath: ", password.status().message()));
    }
    absl::StripTrailingAsciiWhitespace(&*password);
    credentials[registry] = {.username = credential.username,
                             .password = *std::move(password)};
  }
  return credentials;
}

absl::StatusOr<std::unique_ptr<SandboxBackend>> OpenDocker(
    const ExecutorConfig& config, const BackendIdentity& identity) {
  auto registries = ReadCredentials(config.docker);
  if (!registries.ok()) return registries.status();
  DockerOptions options;
  options.endpoint = config.docker.endpoint;
  if (config.docker.tls.has_value()) {
    options.ca_file = config.docker.tls->ca_path;
    options.certificate_file = config.docker.tls->cert_path;
    options.key_file = config.docker.tls->key_path;
  }
  options.executor_id = identity.executor_id;
  options.boot = identity.boot;
  options.runner_path = config.runner_path;
  options.allowed_mounts = config.docker.allowed_mounts;
  options.registries = *std::move(registries);
  return DockerBackend::Open(std::move(options));
}

// Where the runner of another architecture is: beside ours, such as
// airlock-runner-aarch64.
RunnerBinaries FindRunners(const std::string& runner_path) {
  RunnerBinaries runners;
  for (const char* architecture : {"x86_64", "aarch64"}) {
    const std::string path = absl::StrCat(runner_path, "-", architecture);
    if (access(path.c_str(), R_OK) == 0) runners[architecture] = path;
  }
  utsname machine{};
  if (uname(&machine) == 0) {
    runners.try_emplace(&machine.machine[0], runner_path);
  }
  return runners;
}

// For the metrics.
absl::string_view WordOf(HostLinkEvent event) {
  switch (event) {
    case HostLinkEvent::kConnected:
      return "connected";
    case HostLinkEvent::kResumed:
      return "resumed";
    case HostLinkEvent::kLost:
      return "lost";
    case HostLinkEvent::kFailed:
      return "failed";
  }
  return "failed";
}

SshOptions MakeSshOptions(const ExecutorConfig& config,
                          const BackendIdentity& identity) {
  const SshSettings& settings = *config.ssh;
  SshOptions options;
  options.link.target.host = settings.host;
  options.link.target.port = settings.port;
  options.link.target.username = settings.username;
  options.link.target.private_key_path = settings.private_key_path;
  options.link.target.passphrase_path = settings.passphrase_path;
  options.link.target.known_hosts_path = settings.known_hosts_path;
  options.link.target.host_key_fingerprint = settings.host_key_fingerprint;
  options.link.target.accept_new_host_keys = settings.accept_new_host_keys;
  options.link.target.connect_timeout = settings.connect_timeout;
  options.link.keepalive_interval = settings.keepalive_interval;
  options.link.runners = FindRunners(config.runner_path);
  options.link.runner_directory = settings.runner_directory;
  options.link.executor_id = identity.executor_id;
  options.link.boot = identity.boot;
  options.link.cgroup = settings.cgroup;
  options.best_effort = settings.best_effort;
  if (identity.metrics != nullptr) {
    options.link.on_event = [metrics = identity.metrics](HostLinkEvent event) {
      metrics->CountHostConnection(WordOf(event));
    };
  }
  return options;
}

// Null: nobody restores the host.
std::unique_ptr<HostRenewal> MakeRenewal(const ExecutorConfig& config,
                                         const SshOptions& options) {
  const SshRotationSettings& rotation = config.ssh->rotation;
  if (rotation.restore.empty()) return nullptr;
  return std::make_unique<HostRestorer>(
      HostRestorerOptions{.host = options.link,
                          .command = rotation.restore,
                          .command_timeout = rotation.restore_timeout,
                          .state_path = config.state_path});
}

std::unique_ptr<SandboxBackend> OpenSsh(const ExecutorConfig& config,
                                        const BackendIdentity& identity) {
  static const SystemClock clock;
  const SshOptions options = MakeSshOptions(config, identity);
  const SshRotationSettings& rotation = config.ssh->rotation;
  if (identity.metrics == nullptr || !rotation.any()) {
    return std::make_unique<SshBackend>(options, clock);
  }
  // A host that was left is not to be taken for one that was lost.
  const auto make = [ssh = options, first = true]() mutable {
    if (!std::exchange(first, false)) ssh.link.boot = RandomUuid();
    return std::make_unique<SshBackend>(ssh, clock);
  };
  return std::make_unique<RotatingBackend>(
      RotationOptions{.max_age = rotation.max_age,
                      .max_uses = rotation.max_uses,
                      .every_session = rotation.every_session},
      make, MakeRenewal(config, options), clock, *identity.metrics);
}

}  // namespace

BackendFactory MakeBackendFactory(const ExecutorConfig& config) {
  return [config](const BackendIdentity& identity)
             -> absl::StatusOr<std::unique_ptr<SandboxBackend>> {
    if (config.backend == "ssh") return OpenSsh(config, identity);
    return OpenDocker(config, identity);
  };
}

}  // namespace airlock::executor
