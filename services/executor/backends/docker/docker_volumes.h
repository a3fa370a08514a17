// Volumes of one engine.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/executor/backends/docker/docker_client.h"

namespace airlock::executor {

// Thread-safe; blocks until the deadline at most; errors as of DockerClient.
// `client` must outlive it.
class DockerVolumes {
 public:
  explicit DockerVolumes(DockerClient& client) : client_(client) {}

  // Makes a local volume if there is none of this name.
  absl::Status Create(absl::string_view name,
                      const std::map<std::string, std::string>& labels,
                      absl::Time deadline);
  // OK also if there was none. kAlreadyExists: it is in use.
  absl::Status Remove(absl::string_view name, absl::Time deadline);

 private:
  DockerClient& client_;
};

}  // namespace airlock::executor
