#include "services/executor/backends/docker/runner_volume.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "services/executor/backends/docker/container_spec.h"
#include "services/executor/backends/docker/tar_file.h"

namespace airlock::executor {
namespace {

using nlohmann::json;

constexpr char kProgramName[] = "airlock-runner";
constexpr char kVolumeLabel[] = "airlock.runner";
constexpr char kHelperLabel[] = "airlock.runner_helper";
constexpr std::size_t kMaxProgramBytes = std::size_t{64} << 20U;
// Filling takes well under a second: who holds the name longer has died.
constexpr absl::Duration kStaleHelper = absl::Seconds(60);
constexpr absl::Duration kTurnPoll = absl::Milliseconds(50);

}  // namespace

absl::StatusOr<std::unique_ptr<RunnerVolume>> RunnerVolume::Load(
    const std::string& runner_path, std::map<std::string, std::string> labels,
    DockerContainers& containers, DockerVolumes& volumes) {
  std::ifstream file(runner_path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("the runner program cannot be read: ", runner_path));
  }
  std::string program{std::istreambuf_iterator<char>(file), {}};
  if (!absl::StartsWith(program, "\177ELF") ||
      program.size() > kMaxProgramBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the runner program must be an ELF program of at most ",
                     kMaxProgramBytes, " bytes: ", runner_path));
  }
  return std::unique_ptr<RunnerVolume>(new RunnerVolume(
      std::move(program), std::move(labels), containers, volumes));
}

RunnerVolume::RunnerVolume(std::string program,
                           std::map<std::string, std::string> labels,
                           DockerContainers& containers, DockerVolumes& volumes)
    : program_(std::move(program)),
      name_(absl::StrCat("airlock-runner-", ToHex(Sha256(program_)))),
      labels_(std::move(labels)),
      containers_(containers),
      volumes_(volumes) {
  labels_[kHelperLabel] = name_;
}

absl::Status RunnerVolume::Ensure(absl::string_view image_id,
                                  absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  if (filled_) return absl::OkStatus();
  absl::Status filled = Fill(image_id, deadline);
  filled_ = filled.ok();
  return filled;
}

void RunnerVolume::Forget() {
  absl::MutexLock lock(&mutex_);
  filled_ = false;
}

absl::Status RunnerVolume::Fill(absl::string_view image_id,
                                absl::Time deadline) {
  absl::Status created =
      volumes_.Create(name_, {{kVolumeLabel, "1"}}, deadline);
  if (!created.ok()) return created;
  absl::StatusOr<std::string> helper = CreateHelper(image_id, deadline);
  if (!helper.ok()) return helper.status();
  const absl::Status filled = FillThrough(*helper, deadline);
  // Also after the deadline: the name must become free.
  const absl::Status removed = containers_.Remove(
      *helper, std::max(deadline, absl::Now() + absl::Seconds(10)));
  return filled.ok() ? removed : filled;
}

absl::Status RunnerVolume::FillThrough(absl::string_view helper,
                                       absl::Time deadline) {
  if (HoldsProgram(helper, deadline)) return absl::OkStatus();
  absl::Status put = containers_.PutArchive(
      helper, kRunnerFolder, MakeTar(kProgramName, program_), deadline);
  if (!put.ok()) return put;
  if (HoldsProgram(helper, deadline)) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kUnavailable, "RUNNER_VOLUME_BAD",
      absl::StrCat("volume ", name_, " does not hold what was written to it"));
}

bool RunnerVolume::HoldsProgram(absl::string_view helper, absl::Time deadline) {
  const absl::StatusOr<std::string> tar = containers_.GetArchive(
      helper, kRunnerProgram, program_.size() + 64 * 1024, deadline);
  if (!tar.ok()) return false;
  const std::optional<absl::string_view> content = ReadTar(*tar);
  return content.has_value() && *content == program_;
}

absl::StatusOr<std::string> RunnerVolume::CreateHelper(
    absl::string_view image_id, absl::Time deadline) {
  // Never started. Without network and capabilities even if someone does.
  const json body = {
      {"Image", std::string(image_id)},
      {"Entrypoint", {kRunnerProgram}},
      {"User", "65534:65534"},
      {"NetworkDisabled", true},
      {"Labels", labels_},
      {"HostConfig",
       {{"NetworkMode", "none"},
        {"CapDrop", {"ALL"}},
        {"LogConfig", {{"Type", "none"}, {"Config", json::object()}}},
        {"Mounts",
         {{{"Type", "volume"},
           {"Source", name_},
           {"Target", kRunnerFolder},
           {"VolumeOptions", {{"NoCopy", true}}}}}}}}};
  while (true) {
    absl::StatusOr<std::string> helper =
        containers_.Create(body, absl::StrCat(name_, "-helper"), deadline);
    if (helper.status().code() != absl::StatusCode::kAlreadyExists) {
      return helper;
    }
    if (absl::Now() + kTurnPoll >= deadline) {
      return MakeError(
          absl::StatusCode::kDeadlineExceeded, "RUNNER_VOLUME_BUSY",
          absl::StrCat("another executor is still filling volume ", name_));
    }
    absl::Status checked = RemoveStaleHelper(deadline);
    if (!checked.ok()) return checked;
    absl::SleepFor(kTurnPoll);
  }
}

absl::Status RunnerVolume::RemoveStaleHelper(absl::Time deadline) {
  absl::StatusOr<std::vector<ContainerSummary>> helpers =
      containers_.ListByLabel(absl::StrCat(kHelperLabel, "=", name_), deadline);
  if (!helpers.ok()) return helpers.status();
  for (const ContainerSummary& helper : *helpers) {
    if (helper.created + kStaleHelper > absl::Now()) continue;
    absl::Status removed = containers_.Remove(helper.id, deadline);
    if (!removed.ok()) return removed;
  }
  return absl::OkStatus();
}

}  // namespace airlock::executor
