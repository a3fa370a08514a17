#include "services/executor/backends/docker/docker_backend.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/http/curl_transport.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/docker_sandbox.h"
#include "services/executor/backends/docker/engine_check.h"
#include "services/executor/backends/docker/json_read.h"
#include "services/executor/backends/docker/mount_rules.h"
#include "services/executor/backends/docker/seccomp_profile.h"
#include "services/executor/sandbox/runner_client.h"

namespace airlock::executor {
namespace {

constexpr const char* kExecutorLabel = "airlock.executor_id";
constexpr const char* kBootLabel = "airlock.boot";
constexpr const char* kExecutionLabel = "airlock.execution_id";
constexpr const char* kSandboxLabel = "airlock.sandbox";
constexpr std::size_t kExplainers = 2;
constexpr std::size_t kExplainQueue = 256;

bool IsLoopback(absl::string_view base_url) {
  return absl::StartsWith(base_url, "http://127.") ||
         absl::StartsWith(base_url, "http://[::1]:") ||
         absl::StartsWith(base_url, "http://localhost:");
}

absl::StatusOr<DockerAddress> CheckOptions(const DockerOptions& options) {
  const bool tls = !options.ca_file.empty();
  if (tls != !options.certificate_file.empty() ||
      tls != !options.key_file.empty()) {
    return absl::InvalidArgumentError(
        "the engine's TLS needs all of CA, certificate and key");
  }
  if (options.executor_id.empty() || options.boot.empty()) {
    return absl::InvalidArgumentError(
        "containers need the executor's id and boot as labels");
  }
  absl::StatusOr<DockerAddress> address =
      ParseDockerEndpoint(options.endpoint, tls);
  if (address.ok() && address->remote() && !tls &&
      !IsLoopback(address->base_url)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "an engine on another host needs TLS: got \"", options.endpoint, "\""));
  }
  return address;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DockerBackend>> DockerBackend::Open(
    DockerOptions options) {
  absl::StatusOr<DockerAddress> address = CheckOptions(options);
  if (!address.ok()) return address.status();
  auto transport = std::make_shared<CurlTransport>(
      HttpEndpoint{.unix_socket_path = address->unix_socket_path,
                   .ca_file = options.ca_file,
                   .certificate_file = options.certificate_file,
                   .key_file = options.key_file});
  return Open(std::move(options), std::move(transport));
}

absl::StatusOr<std::unique_ptr<DockerBackend>> DockerBackend::Open(
    DockerOptions options, std::shared_ptr<HttpTransport> transport) {
  absl::StatusOr<DockerAddress> address = CheckOptions(options);
  if (!address.ok()) return address.status();
  std::unique_ptr<DockerBackend> backend(new DockerBackend(
      std::move(options), *std::move(address), std::move(transport)));
  absl::StatusOr<std::unique_ptr<RunnerVolume>> volume =
      RunnerVolume::Load(backend->options_.runner_path,
                         {{kExecutorLabel, backend->options_.executor_id},
                          {kBootLabel, backend->options_.boot}},
                         backend->containers_, backend->volumes_);
  if (!volume.ok()) return volume.status();
  backend->runner_volume_ = *std::move(volume);
  return backend;
}

DockerBackend::DockerBackend(DockerOptions options, DockerAddress address,
                             std::shared_ptr<HttpTransport> transport)
    : options_(std::move(options)),
      client_(std::move(transport), std::move(address)),
      containers_(client_),
      images_(client_, options_.registries),
      volumes_(client_),
      janitor_(containers_),
      explainers_(kExplainers, kExplainQueue) {}

absl::StatusOr<ContainerPlan> DockerBackend::MakePlan(
    const SandboxSpec& spec, absl::string_view execution_id,
    absl::Time deadline, const ProgressFunction& progress) {
  absl::Status checked = CheckSpec(spec);
  if (!checked.ok()) return checked;
  checked = CheckMounts(spec.mounts, options_.allowed_mounts, client_.remote());
  if (!checked.ok()) return checked;
  absl::StatusOr<DockerImage> image =
      images_.Resolve(spec.image, spec.pull_policy, deadline, progress);
  if (!image.ok()) return image.status();
  if (!spec.image_id.empty() && image->id != spec.image_id) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "IMAGE_CHANGED",
        absl::StrCat("image \"", spec.image, "\" must be ", spec.image_id,
                     ": the engine has ", image->id),
        {{"image", spec.image}});
  }
  ContainerPlan plan;
  plan.spec = spec;
  plan.image_id = image->id;
  plan.image_volumes = std::move(image->volumes);
  plan.runner_volume = runner_volume_->name();
  plan.seccomp_profile = SeccompProfile();
  plan.labels = {{kExecutorLabel, options_.executor_id},
                 {kBootLabel, options_.boot},
                 {kSandboxLabel, RandomUuid()}};
  if (!execution_id.empty()) {
    plan.labels[kExecutionLabel] = std::string(execution_id);
  }
  return plan;
}

absl::StatusOr<StartedContainer> DockerBackend::Build(const ContainerPlan& plan,
                                                      absl::Time deadline) {
  absl::Status ready = runner_volume_->Ensure(plan.image_id, deadline);
  if (!ready.ok()) return ready;
  absl::StatusOr<StartedContainer> built =
      BuildContainer(plan, containers_, janitor_, deadline);
  if (ErrorReason(built.status()) != "RUNNER_MISSING") return built;
  // Somebody removed the volume: the engine made a new one, an empty one.
  runner_volume_->Forget();
  ready = runner_volume_->Ensure(plan.image_id, deadline);
  if (!ready.ok()) return ready;
  return BuildContainer(plan, containers_, janitor_, deadline);
}

absl::StatusOr<std::unique_ptr<Sandbox>> DockerBackend::Create(
    const SandboxSpec& spec, absl::string_view execution_id,
    absl::Time deadline, const ProgressFunction& progress) {
  absl::StatusOr<ContainerPlan> plan =
      MakePlan(spec, execution_id, deadline, progress);
  if (!plan.ok()) return plan.status();
  if (progress) progress("starting sandbox", 0, 0);
  absl::StatusOr<StartedContainer> built = Build(*plan, deadline);
  if (!built.ok()) return built.status();
  auto runner =
      std::make_shared<RunnerClient>(loop_.Adopt(std::move(built->streams)));
  absl::Status ready = runner->WaitReady(deadline);
  if (!ready.ok()) return ready;
  keeper_.Add(runner);
  return std::make_unique<DockerSandbox>(
      built->guard.Keep(), plan->image_id, std::move(runner),
      DockerSandbox::Lent{containers_, explainers_, janitor_});
}

absl::Status DockerBackend::Check(absl::Time deadline) {
  absl::Status answered = client_.Ping(deadline);
  if (!answered.ok()) return answered;
  absl::StatusOr<nlohmann::json> info =
      client_.CallJson({.path = "/info"}, deadline);
  if (!info.ok()) return info.status();
  return CheckEngineInfo(*info);
}

absl::StatusOr<std::vector<BackendImage>> DockerBackend::ListImages(
    absl::Time deadline) {
  return images_.List(deadline);
}

absl::StatusOr<int> DockerBackend::RemoveLeftovers(absl::Time deadline) {
  absl::StatusOr<std::vector<ContainerSummary>> ours = containers_.ListByLabel(
      absl::StrCat(kExecutorLabel, "=", options_.executor_id), deadline);
  if (!ours.ok()) return ours.status();
  int removed = 0;
  for (const ContainerSummary& container : *ours) {
    const auto boot = container.labels.find(kBootLabel);
    if (boot != container.labels.end() && boot->second == options_.boot) {
      continue;
    }
    absl::Status gone = containers_.Remove(container.id, deadline);
    if (!gone.ok()) return gone;
    ++removed;
  }
  return removed;
}

}  // namespace airlock::executor
