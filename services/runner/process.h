// One process, from its description to its end.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "services/runner/cgroup_counters.h"
#include "services/runner/event_loop.h"
#include "services/runner/family.h"
#include "services/runner/frame_io.h"
#include "services/runner/input_pump.h"
#include "services/runner/keepers.h"
#include "services/runner/messages.h"
#include "services/runner/output_pump.h"
#include "services/runner/reaper.h"
#include "services/runner/unique_fd.h"
#include "services/runner/workspace.h"

namespace airlock::runner {

// What every process needs. All of it must outlive the processes.
struct ProcessContext {
  EventLoop& loop;
  FrameWriter& writer;
  Reaper& reaper;
  Keepers& keepers;
  Workspace& workspace;
  // "/sys/fs/cgroup".
  std::string cgroup_root;
  // This program's own /proc/self/oom_score_adj, or -1: see OomScore.
  int oom_score_fd = -1;
  // As in LaunchPlan.
  std::uint64_t open_files = 0;
};

// Collects a description, starts the process, carries its streams, enforces
// its deadline, and when its first process, the leader, must end kills all of
// its family. When the leader ends by itself the rest is killed too, unless it
// is `parallel`: then it lives on. The end never depends on the end of a pipe.
//
// Sends its frames itself; the last one is Ended, and then `on_ended` is
// called once. Not thread-safe.
class Process final : private FamilyListener {
 public:
  Process(ProcessContext& context, Prepare prepare,
          std::function<void()> on_ended);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::uint64_t number() const { return prepare_.process; }
  bool parallel() const { return prepare_.parallel; }
  bool started() const { return phase_ != Phase::kPreparing; }
  // Whether Ended was sent; on_ended follows.
  bool ended() const { return phase_ == Phase::kEnded; }

  // Writes a piece of a file. A refusal ends the process as not started.
  void AddFile(const FileChunk& chunk);

  // False: more than the credit.
  [[nodiscard]] bool AddInput(StdinChunk chunk);

  // Starts it. Called once, while not started().
  void Start();

  // More output may be sent.
  void AllowOutput(std::uint64_t limit_bytes) { output_.Allow(limit_bytes); }

  // SIGTERM, grace, SIGKILL.
  void Kill();

  // All that runs because of it.
  Family& family() { return *family_; }

 private:
  // Starting: it may run, or be about to; nothing was heard of it yet.
  enum class Phase {
    kPreparing,
    kStarting,
    kRunning,
    kSweeping,
    kDraining,
    kEnded
  };

  void OnStarted() override;
  void OnNotStarted(const StartError& error) override;
  void OnLeaderEnded(int status) override;
  void OnGone(bool provably) override;

  StartError Launch();
  void FailStart(const StartError& error);
  void TellStarted();
  bool running() const {
    return phase_ == Phase::kStarting || phase_ == Phase::kRunning;
  }
  void OnOverLimit();
  void Terminate(Cause cause);
  void KillNow();
  void Sweep();
  void OnStep();
  void Drain(bool empty);
  void Finish();
  void FillEnd(Ended& end) const;
  void FillUsage(Ended& end) const;

  ProcessContext& context_;
  const Prepare prepare_;
  std::function<void()> on_ended_;
  Phase phase_ = Phase::kPreparing;
  InputPump input_;
  OutputPump output_;
  // Our ends of the pipes, until Started was sent.
  UniqueFd stdin_;
  UniqueFd stdout_;
  UniqueFd stderr_;
  Timer deadline_;
  // The next step of an end: grace over, give up, read no longer.
  Timer step_;
  std::chrono::steady_clock::time_point started_at_;
  std::chrono::steady_clock::time_point ended_at_;
  CgroupCounters counters_before_;
  // Set when the leader has ended and its end was told.
  std::optional<int> leader_status_;
  // Why we end it. Unspecified: it ends by itself.
  Cause cause_ = Cause::kUnspecified;
  // We sent SIGKILL while the leader lived.
  bool killed_ = false;
  // The leader ended by itself, and others of the family may live on.
  bool by_itself_ = false;
  bool empty_ = false;
  // Last: its end may kill, and speaks to nothing above.
  std::unique_ptr<Family> family_;
};

}  // namespace airlock::runner
