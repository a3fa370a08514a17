// Containers of one engine.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "services/executor/backends/docker/docker_client.h"

namespace airlock::executor {

// A container in a list.
struct ContainerSummary {
  std::string id;
  std::map<std::string, std::string> labels;
  absl::Time created;
};

// How a container is.
struct ContainerState {
  bool running = false;
  bool oom_killed = false;
  int exit_code = 0;
  // Why it did not start, in the engine's words.
  std::string error;
};

// Thread-safe; blocks until the deadline at most; errors as of DockerClient.
// `client` must outlive it. Ids are not trusted to be free of odd characters.
class DockerContainers {
 public:
  explicit DockerContainers(DockerClient& client) : client_(client) {}

  // Returns the id. An empty `name`: the engine makes one up.
  absl::StatusOr<std::string> Create(const nlohmann::json& body,
                                     absl::string_view name,
                                     absl::Time deadline);
  // What the engine made of it.
  absl::StatusOr<nlohmann::json> Inspect(absl::string_view id,
                                         absl::Time deadline);
  absl::StatusOr<ContainerState> State(absl::string_view id,
                                       absl::Time deadline);
  // Its standard streams. Before Start(), or the first output is lost.
  absl::StatusOr<std::unique_ptr<UpgradedConnection>> Attach(
      absl::string_view id, absl::Time deadline);
  absl::Status Start(absl::string_view id, absl::Time deadline);
  // Kills it, removes it and its anonymous volumes and returns when it is
  // gone. OK also if there was none.
  absl::Status Remove(absl::string_view id, absl::Time deadline);
  // All of them, running or not, with this label ("name=value").
  absl::StatusOr<std::vector<ContainerSummary>> ListByLabel(
      absl::string_view label, absl::Time deadline);
  // Unpacks a tar below `path` / packs `path` into one of `max_bytes` at most.
  absl::Status PutArchive(absl::string_view id, absl::string_view path,
                          std::string tar, absl::Time deadline);
  absl::StatusOr<std::string> GetArchive(absl::string_view id,
                                         absl::string_view path,
                                         std::size_t max_bytes,
                                         absl::Time deadline);

 private:
  DockerClient& client_;
};

}  // namespace airlock::executor
