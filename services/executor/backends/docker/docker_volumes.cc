#include "services/executor/backends/docker/docker_volumes.h"

#include "absl/strings/str_cat.h"
#include "services/executor/backends/docker/json_read.h"

namespace airlock::executor {

absl::Status DockerVolumes::Create(
    absl::string_view name, const std::map<std::string, std::string>& labels,
    absl::Time deadline) {
  const nlohmann::json body = {
      {"Name", std::string(name)}, {"Driver", "local"}, {"Labels", labels}};
  return client_
      .Call(
          {.method = "POST", .path = "/volumes/create", .body = DumpJson(body)},
          deadline)
      .status();
}

absl::Status DockerVolumes::Remove(absl::string_view name,
                                   absl::Time deadline) {
  absl::Status removed =
      client_
          .Call({.method = "DELETE",
                 .path = absl::StrCat("/volumes/", PercentEncode(name))},
                deadline)
          .status();
  return absl::IsNotFound(removed) ? absl::OkStatus() : removed;
}

}  // namespace airlock::executor
