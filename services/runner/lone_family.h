// A family that has the sandbox for itself.
#pragma once

#include <cstdint>
#include <optional>

#include "services/runner/event_loop.h"
#include "services/runner/family.h"
#include "services/runner/reaper.h"

namespace airlock::runner {

// Everything in the sandbox belongs to it, so that a kill needs no list of
// processes and none can hide.
class LoneFamily final : public Family {
 public:
  // All must outlive this. `oom_score_fd` as in ScopedOomScore.
  LoneFamily(EventLoop& loop, Reaper& reaper, int oom_score_fd,
             FamilyListener& listener);
  ~LoneFamily() override;

  void Start(const LaunchPlan& plan) override;
  void Ask() override;
  void Kill() override;
  // Nothing of it may: the end of everything is what it is for.
  void LetLive() override {}
  std::uint32_t leftovers() const override { return leftovers_; }
  std::uint64_t cpu_time_us() const override;
  void OnBuried(pid_t pid, int status) override;
  void AfterBurying() override;

 private:
  void Sweep();

  Reaper& reaper_;
  const int oom_score_fd_;
  FamilyListener& listener_;
  // When to sweep again.
  Timer again_;
  std::uint64_t cpu_time_before_us_ = 0;
  pid_t leader_ = -1;
  // Set when it has ended.
  std::optional<int> leader_status_;
  bool leader_end_told_ = false;
  bool killing_ = false;
  // SIGKILL came before the leader's end: whoever dies of it outlived nobody.
  bool killed_leader_ = false;
  bool gone_ = false;
  std::uint32_t leftovers_ = 0;
};

}  // namespace airlock::runner
