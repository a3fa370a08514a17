// Which engine, as whom, and what of the host may be shared.
#pragma once

#include <string>
#include <vector>

#include "services/executor/backends/docker/docker_images.h"

namespace airlock::executor {

// Checked by DockerBackend::Open().
struct DockerOptions {
  // "unix:///path" or "tcp://host:port".
  std::string endpoint = "unix:///var/run/docker.sock";
  // PEM files for tcp: whom to trust, and who we are. All or none; without
  // them only a loopback address is accepted.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  // Labels of every container: whose it is, and since when it runs.
  std::string executor_id;
  std::string boot;
  // The static runner program.
  std::string runner_path;
  // Host directories that mounts may name, with what is below them.
  std::vector<std::string> allowed_mounts;
  RegistryCredentials registries;
};

}  // namespace airlock::executor
