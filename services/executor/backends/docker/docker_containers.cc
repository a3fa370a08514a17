#include "services/executor/backends/docker/docker_containers.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/json_read.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

constexpr absl::Duration kRemovalPoll = absl::Milliseconds(20);

std::string PathOf(absl::string_view id, absl::string_view action = "") {
  return absl::StrCat("/containers/", PercentEncode(id), action);
}

}  // namespace

absl::StatusOr<std::string> DockerContainers::Create(const json& body,
                                                     absl::string_view name,
                                                     absl::Time deadline) {
  DockerCall call{.method = "POST", .path = "/containers/create"};
  if (!name.empty()) call.query.emplace_back("name", std::string(name));
  call.body = DumpJson(body);
  absl::StatusOr<json> answer = client_.CallJson(call, deadline);
  if (!answer.ok()) return answer.status();
  std::string id = StringAt(*answer, {"Id"});
  if (id.empty()) {
    return MakeError(absl::StatusCode::kInternal, "ENGINE_ERROR",
                     "the engine created a container without an id");
  }
  return id;
}

absl::StatusOr<json> DockerContainers::Inspect(absl::string_view id,
                                               absl::Time deadline) {
  return client_.CallJson({.path = PathOf(id, "/json")}, deadline);
}

absl::StatusOr<ContainerState> DockerContainers::State(absl::string_view id,
                                                       absl::Time deadline) {
  absl::StatusOr<json> inspected = Inspect(id, deadline);
  if (!inspected.ok()) return inspected.status();
  ContainerState state;
  state.running = BoolAt(*inspected, {"State", "Running"});
  state.oom_killed = BoolAt(*inspected, {"State", "OOMKilled"});
  state.exit_code =
      static_cast<int>(IntegerAt(*inspected, {"State", "ExitCode"}));
  state.error = StringAt(*inspected, {"State", "Error"});
  return state;
}

absl::StatusOr<std::unique_ptr<UpgradedConnection>> DockerContainers::Attach(
    absl::string_view id, absl::Time deadline) {
  return client_.Hijack({.method = "POST",
                         .path = PathOf(id, "/attach"),
                         .query = {{"stream", "1"},
                                   {"stdin", "1"},
                                   {"stdout", "1"},
                                   {"stderr", "1"}}},
                        deadline);
}

absl::Status DockerContainers::Start(absl::string_view id,
                                     absl::Time deadline) {
  return client_
      .Call({.method = "POST", .path = PathOf(id, "/start")}, deadline)
      .status();
}

absl::Status DockerContainers::Remove(absl::string_view id,
                                      absl::Time deadline) {
  while (true) {
    const absl::Status removed =
        client_
            .Call({.method = "DELETE",
                   .path = PathOf(id),
                   .query = {{"force", "1"}, {"v", "1"}}},
                  deadline)
            .status();
    if (removed.ok() || absl::IsNotFound(removed)) return absl::OkStatus();
    // Somebody else is removing it, or it is between two states.
    const bool busy = removed.code() == absl::StatusCode::kAlreadyExists;
    if (!busy || absl::Now() + kRemovalPoll >= deadline) return removed;
    absl::SleepFor(kRemovalPoll);
  }
}

absl::StatusOr<std::vector<ContainerSummary>> DockerContainers::ListByLabel(
    absl::string_view label, absl::Time deadline) {
  const json filters = {{"label", {std::string(label)}}};
  absl::StatusOr<json> answer =
      client_.CallJson({.path = "/containers/json",
                        .query = {{"all", "1"}, {"filters", DumpJson(filters)}},
                        .max_answer_bytes = std::size_t{32} << 20U},
                       deadline);
  if (!answer.ok()) return answer.status();
  std::vector<ContainerSummary> containers;
  for (const json& entry : *answer) {
    ContainerSummary container;
    container.id = StringAt(entry, {"Id"});
    container.labels = StringMapAt(entry, {"Labels"});
    container.created = absl::FromUnixSeconds(IntegerAt(entry, {"Created"}));
    if (!container.id.empty()) containers.push_back(std::move(container));
  }
  return containers;
}

absl::Status DockerContainers::PutArchive(absl::string_view id,
                                          absl::string_view path,
                                          std::string tar,
                                          absl::Time deadline) {
  return client_
      .Call({.method = "PUT",
             .path = PathOf(id, "/archive"),
             .query = {{"path", std::string(path)},
                       {"noOverwriteDirNonDir", "1"}},
             .body = std::move(tar),
             .content_type = "application/x-tar"},
            deadline)
      .status();
}

absl::StatusOr<std::string> DockerContainers::GetArchive(absl::string_view id,
                                                         absl::string_view path,
                                                         std::size_t max_bytes,
                                                         absl::Time deadline) {
  absl::StatusOr<HttpResponse> response =
      client_.Call({.path = PathOf(id, "/archive"),
                    .query = {{"path", std::string(path)}},
                    .max_answer_bytes = max_bytes},
                   deadline);
  if (!response.ok()) return response.status();
  return std::move(response->body);
}

}  // namespace airlock::executor
