// Images of one engine.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/docker/docker_client.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// An image the engine has.
struct DockerImage {
  // "sha256:..."
  std::string id;
  // Paths its maker declared as volumes.
  std::vector<std::string> volumes;
};

// How to sign in to a registry.
struct RegistryCredential {
  std::string username;
  // Never printed.
  std::string password;
};

// By registry, such as "registry.example.com" or "docker.io".
using RegistryCredentials = std::map<std::string, RegistryCredential>;

// Thread-safe; blocks until the deadline at most; errors as of DockerClient.
// `client` must outlive it.
class DockerImages {
 public:
  DockerImages(DockerClient& client, RegistryCredentials credentials);

  // kNotFound: the engine does not have it.
  absl::StatusOr<DockerImage> Inspect(absl::string_view reference,
                                      absl::Time deadline);

  // Gets it from its registry and tells how far it is. kNotFound: the registry
  // does not have it, or not for us. kUnavailable: the registry did not answer.
  absl::Status Pull(absl::string_view reference, absl::Time deadline,
                    const ProgressFunction& progress);

  // Finds `reference` as `pull_policy` ("always", "missing", "never") says.
  // kNotFound with reason IMAGE_NOT_FOUND: there is no such image.
  absl::StatusOr<DockerImage> Resolve(absl::string_view reference,
                                      absl::string_view pull_policy,
                                      absl::Time deadline,
                                      const ProgressFunction& progress);

  // Every tag and digest.
  absl::StatusOr<std::vector<BackendImage>> List(absl::Time deadline);

 private:
  DockerClient& client_;
  const RegistryCredentials credentials_;
};

}  // namespace airlock::executor
