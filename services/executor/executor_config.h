// The executor's part of the configuration, checked.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"
#include "common/config/ssh_settings.h"
#include "common/security/tls.h"
#include "services/executor/sandbox/warm_target.h"

namespace airlock::executor {

// How to sign in to a registry.
struct RegistrySettings {
  std::string username;
  std::string password_path;
};

// The engine of backend "docker".
struct DockerSettings {
  // "unix:///path" or "tcp://host:port".
  std::string endpoint;
  // Set for tcp with TLS.
  std::optional<TlsFiles> tls;
  // Absolute paths.
  std::vector<std::string> allowed_mounts;
  // By registry, such as "registry.example.com".
  std::map<std::string, RegistrySettings> registries;
};

// Everything an ExecutorApp is made from.
struct ExecutorConfig {
  // "docker" or "ssh".
  std::string backend;
  std::string state_path;
  // gRPC targets, at least one, no two the same.
  std::vector<std::string> policy_targets;
  TlsFiles tls;
  std::string grant_public_key_path;
  // At least one for each policy target.
  std::size_t max_running = 0;
  // At least `max_running` and what waits in `warm_targets`.
  std::size_t max_sandboxes = 0;
  // What sandboxes wait, of how many kinds.
  std::vector<WarmTarget> warm_targets;
  // The kind of sandbox in which limits are tried before there is work. Absent:
  // no agent may have one, or no limit is tried.
  std::optional<SandboxSpec> tried_sandbox;
  std::map<std::string, std::string> labels;
  // "host:port"; port 0 takes any free one.
  std::string metrics_listen;
  std::string probe_listen;
  absl::Duration drain_timeout;
  std::string runner_path;
  DockerSettings docker;
  // Set with backend "ssh".
  std::optional<SshSettings> ssh;
};

// Checks `executor`, and the contract for what sandboxes may be asked for. Adds
// every problem to the list; what is returned is good for use only if there was
// no error.
ExecutorConfig ExecutorConfigFromProto(const config::v1::Config& config,
                                       ProblemList& problems);

}  // namespace airlock::executor
