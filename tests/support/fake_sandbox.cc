#include "tests/support/fake_sandbox.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/substitute.h"

namespace airlock {

FakeSandbox::FakeSandbox(std::shared_ptr<FakeBackendState> state,
                         executor::SandboxSpec spec, std::string image_id,
                         int losses)
    : state_(std::move(state)),
      spec_(std::move(spec)),
      image_id_(std::move(image_id)),
      losses_(losses) {}

FakeSandbox::~FakeSandbox() {
  for (const auto& process : Running()) process->Lose();
}

FakeSandbox::Processes FakeSandbox::Running() const {
  absl::MutexLock lock(&mutex_);
  Processes running;
  for (const auto& process : processes_) {
    if (!process->ended()) running.push_back(process);
  }
  return running;
}

std::shared_ptr<executor::SandboxProcess> FakeSandbox::Run(
    executor::ProcessSpec spec,
    std::shared_ptr<executor::ProcessObserver> observer) {
  if (spec.argv.size() > 1 && spec.argv[0] == executor::kRunnerProgram &&
      spec.argv[1] == "probe") {
    spec.argv = {"echo", ProbeOutput()};
  }
  files_.Play(spec);
  const auto process = std::make_shared<FakeProcess>(state_, background_,
                                                     std::move(spec), observer);
  bool runs = true;
  {
    absl::MutexLock lock(&mutex_);
    std::erase_if(processes_, [](const auto& old) { return old->ended(); });
    for (const auto& other : processes_) {
      runs = runs && process->parallel() && other->parallel();
    }
    runs = runs && !destroyed_;
    if (runs) processes_.push_back(process);
  }
  if (!runs) {
    executor::ProcessEnd end;
    end.ended_by = executor::EndedBy::kNotStarted;
    end.reason = "SANDBOX_BUSY";
    observer->OnEnded(end);
    return process;
  }
  {
    absl::MutexLock lock(&state_->mutex);
    state_->processes.push_back(process);
  }
  process->Start();
  return process;
}

std::string FakeSandbox::ProbeOutput() const {
  const std::pair<std::string, std::string> user =
      absl::StrSplit(spec_.user, ':');
  std::map<std::string, std::string> lines = {
      {"user",
       absl::Substitute("uid=$0 effective_uid=$0 saved_uid=$0 gid=$1 "
                        "effective_gid=$1 saved_gid=$1 other_groups=none",
                        user.first, user.second)},
      {"capabilities",
       "inheritable=0 permitted=0 effective=0 bounding=0 ambient=0"},
      {"privileges", "no_new=1"},
      {"seccomp", "mode=2 user_namespace=EPERM"},
      {"root", "read_only=1 write=EROFS"},
      {"network", "up=none connect=ENETUNREACH"},
      {"cpu",
       absl::StrCat("quota_us=", spec_.cpu_millis * 100, " period_us=100000")},
      {"disk", absl::StrCat("workspace=", spec_.workspace_bytes,
                            " workspace_error=ENOSPC tmp=", spec_.tmp_bytes,
                            " tmp_error=ENOSPC shm=0 shm_error=ENOENT")},
      {"inodes", absl::StrCat("workspace=", spec_.inodes - 1,
                              " workspace_error=ENOSPC tmp=", spec_.inodes - 1,
                              " tmp_error=ENOSPC")},
      {"pids", absl::StrCat("created=", spec_.pids, " error=EAGAIN")},
      {"memory", absl::StrCat("limit=", spec_.memory_bytes, " swap=0 used=",
                              spec_.memory_bytes / 2, " signal=9")}};
  absl::MutexLock lock(&state_->mutex);
  for (const auto& [name, line] : state_->probe_lines) lines[name] = line;
  return absl::StrJoin(lines, "\n", absl::PairFormatter(" "));
}

bool FakeSandbox::usable() const {
  absl::MutexLock lock(&mutex_);
  absl::MutexLock state_lock(&state_->mutex);
  return !destroyed_ && losses_ == state_->losses;
}

absl::Status FakeSandbox::Destroy(absl::Time /*deadline*/) {
  {
    absl::MutexLock lock(&state_->mutex);
    if (state_->failing_destroys > 0) {
      --state_->failing_destroys;
      return absl::UnavailableError("the engine did not answer");
    }
  }
  for (const auto& process : Running()) {
    process->Lose();
    process->WaitEnded();
  }
  absl::MutexLock lock(&mutex_);
  if (!std::exchange(destroyed_, true)) {
    absl::MutexLock state_lock(&state_->mutex);
    --state_->live_sandboxes;
  }
  return absl::OkStatus();
}

}  // namespace airlock
