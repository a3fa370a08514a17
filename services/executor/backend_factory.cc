#include "services/executor/backend_factory.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/security/pem_file.h"
#include "services/executor/backends/docker/docker_backend.h"

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

}  // namespace

BackendFactory MakeBackendFactory(const ExecutorConfig& config) {
  return [config](const BackendIdentity& identity)
             -> absl::StatusOr<std::unique_ptr<SandboxBackend>> {
    if (config.backend == "docker") return OpenDocker(config, identity);
    return absl::UnimplementedError(
        absl::StrCat("sandbox.backend: this executor has no backend \"",
                     config.backend, "\"; use \"docker\""));
  };
}

}  // namespace airlock::executor
