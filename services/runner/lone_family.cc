#include "services/runner/lone_family.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>

#include "services/runner/oom_score.h"

namespace airlock::runner {
namespace {

// How often what is left is killed again.
constexpr std::chrono::milliseconds kSweepInterval(10);

}  // namespace

LoneFamily::LoneFamily(EventLoop& loop, Reaper& reaper, int oom_score_fd,
                       FamilyListener& listener)
    : reaper_(reaper),
      oom_score_fd_(oom_score_fd),
      listener_(listener),
      again_(loop, [this] { Sweep(); }) {}

LoneFamily::~LoneFamily() {
  if (leader_ > 0 && !gone_) reaper_.SignalAll(leader_, SIGKILL);
}

void LoneFamily::Start(const LaunchPlan& plan) {
  cpu_time_before_us_ = Reaper::BuriedCpuTimeUs();
  StartError error;
  {
    const ScopedOomScore first_choice(oom_score_fd_);
    error = Launch(plan, leader_);
  }
  if (!error.ok()) return listener_.OnNotStarted(error);
  listener_.OnStarted();
}

void LoneFamily::Ask() {
  reaper_.SignalAll(leader_, SIGTERM);
  // Who is stopped cannot hear SIGTERM.
  reaper_.SignalAll(leader_, SIGCONT);
}

void LoneFamily::Kill() {
  killing_ = true;
  killed_leader_ = killed_leader_ || !leader_status_;
  Sweep();
}

std::uint64_t LoneFamily::cpu_time_us() const {
  return Reaper::BuriedCpuTimeUs() - cpu_time_before_us_;
}

void LoneFamily::OnBuried(pid_t pid, int status) {
  if (pid == leader_ && !leader_status_) {
    leader_status_ = status;
  } else if (killing_ && !killed_leader_ && WIFSIGNALED(status) &&
             WTERMSIG(status) == SIGKILL) {
    // It outlived the leader and died of our sweep, not by itself.
    ++leftovers_;
  }
}

void LoneFamily::AfterBurying() {
  if (leader_status_ && !leader_end_told_) {
    leader_end_told_ = true;
    listener_.OnLeaderEnded(*leader_status_);
  } else if (killing_) {
    Sweep();
  }
}

void LoneFamily::Sweep() {
  if (gone_) return;
  const bool provably = reaper_.ProvablyEmpty();
  if (provably || (!reaper_.is_init() && Reaper::HasNoChild())) {
    gone_ = true;
    again_.Disarm();
    return listener_.OnGone(provably);
  }
  reaper_.SignalAll(leader_, SIGKILL);
  again_.Arm(kSweepInterval);
}

}  // namespace airlock::runner
