#include "services/executor/backends/docker/container_builder.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

constexpr absl::Duration kRemoveLimit = absl::Seconds(5);

// What happens to a container that exists is never about its image: somebody
// else has removed it, or the engine is in trouble.
absl::Status AfterCreation(const absl::Status& error) {
  if (!absl::IsNotFound(error) &&
      error.code() != absl::StatusCode::kAlreadyExists) {
    return error;
  }
  return MakeError(absl::StatusCode::kUnavailable, "CONTAINER_LOST",
                   absl::StrCat("the container was lost while it was made: ",
                                error.message()));
}

absl::StatusOr<ContainerGuard> Create(const json& body,
                                      DockerContainers& containers,
                                      Janitor& janitor, absl::Time deadline) {
  // Our own name, so that a container whose creation was not answered in time
  // can still be found.
  const std::string name = absl::StrCat("airlock-", RandomUuid());
  absl::StatusOr<std::string> id = containers.Create(body, name, deadline);
  if (id.ok()) return ContainerGuard(*std::move(id), containers, janitor);
  const absl::Status& error = id.status();
  if (absl::IsUnavailable(error) || absl::IsDeadlineExceeded(error)) {
    janitor.TakeOver(name, /*may_appear=*/true);
  }
  if (absl::IsNotFound(error)) {
    return MakeError(absl::StatusCode::kNotFound, "IMAGE_NOT_FOUND",
                     error.message());
  }
  return error.code() == absl::StatusCode::kAlreadyExists ? AfterCreation(error)
                                                          : error;
}

absl::Status Start(const std::string& container, DockerContainers& containers,
                   absl::Time deadline) {
  absl::Status started = containers.Start(container, deadline);
  if (!started.ok() && absl::StrContains(started.message(), kRunnerProgram) &&
      absl::StrContains(started.message(), "no such file")) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "RUNNER_MISSING",
                     started.message());
  }
  return AfterCreation(started);
}

}  // namespace

ContainerGuard::ContainerGuard(std::string container,
                               DockerContainers& containers, Janitor& janitor)
    : container_(std::move(container)),
      containers_(containers),
      janitor_(janitor) {}

ContainerGuard::ContainerGuard(ContainerGuard&& other) noexcept
    : container_(other.Keep()),
      containers_(other.containers_),
      janitor_(other.janitor_) {}

ContainerGuard::~ContainerGuard() {
  if (container_.empty()) return;
  const absl::Status removed =
      containers_.Remove(container_, absl::Now() + kRemoveLimit);
  if (!removed.ok()) janitor_.TakeOver(container_, /*may_appear=*/false);
}

std::string ContainerGuard::Keep() { return std::exchange(container_, {}); }

absl::StatusOr<StartedContainer> BuildContainer(const ContainerPlan& plan,
                                                DockerContainers& containers,
                                                Janitor& janitor,
                                                absl::Time deadline) {
  const json body = CreateBody(plan);
  absl::StatusOr<ContainerGuard> guard =
      Create(body, containers, janitor, deadline);
  if (!guard.ok()) return guard.status();
  const std::string& container = guard->container();
  absl::StatusOr<json> inspected = containers.Inspect(container, deadline);
  if (!inspected.ok()) return AfterCreation(inspected.status());
  absl::Status same = CompareContainer(body, *inspected);
  if (!same.ok()) return same;
  // Before the start, or what the runner says first is lost.
  absl::StatusOr<std::unique_ptr<UpgradedConnection>> streams =
      containers.Attach(container, deadline);
  if (!streams.ok()) return AfterCreation(streams.status());
  absl::Status started = Start(container, containers, deadline);
  if (!started.ok()) return started;
  return StartedContainer{*std::move(guard), *std::move(streams)};
}

}  // namespace airlock::executor
