// One process, from its description to its end.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "services/runner/cgroup_counters.h"
#include "services/runner/event_loop.h"
#include "services/runner/frame_io.h"
#include "services/runner/input_pump.h"
#include "services/runner/messages.h"
#include "services/runner/output_pump.h"
#include "services/runner/reaper.h"
#include "services/runner/workspace.h"

namespace airlock::runner {

// What every process needs. All of it must outlive the processes.
struct ProcessContext {
  EventLoop& loop;
  FrameWriter& writer;
  Reaper& reaper;
  Workspace& workspace;
  // "/sys/fs/cgroup".
  std::string cgroup_root;
  // This program's own /proc/self/oom_score_adj, or -1: see OomScore.
  int oom_score_fd = -1;
};

// Collects a description, starts the process, carries its streams, enforces
// its deadline, and when its first process, the leader, has ended or must end
// kills all that is left. Its end never depends on the end of a pipe.
//
// Sends its frames itself; the last one is Ended, and then `on_ended` is
// called once. Not thread-safe.
class Process {
 public:
  Process(ProcessContext& context, Prepare prepare,
          std::function<void()> on_ended);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::uint64_t number() const { return prepare_.process; }
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

  // Hears of every process that was buried.
  void OnBuried(pid_t pid, int status);

  // Called after each round of burying.
  void AfterBurying();

  // Kills without waiting or telling: the runner itself is about to end.
  void KillRemains() const;

 private:
  enum class Phase { kPreparing, kRunning, kSweeping, kDraining, kEnded };

  StartError Launch();
  void FailStart(const StartError& error);
  void Terminate(Cause cause);
  void KillNow();
  void Sweep();
  void CheckEmpty();
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
  Timer deadline_;
  // The next step of an end: grace over, sweep again, give up.
  Timer step_;
  std::chrono::steady_clock::time_point started_at_;
  std::chrono::steady_clock::time_point sweep_began_at_;
  std::chrono::steady_clock::time_point ended_at_;
  CgroupCounters counters_before_;
  std::uint64_t rusage_before_us_ = 0;
  pid_t leader_ = -1;
  bool leader_gone_ = false;
  int leader_status_ = 0;
  // Why we end it. Unspecified: it ends by itself.
  Cause cause_ = Cause::kUnspecified;
  // We sent SIGKILL while the leader lived.
  bool killed_ = false;
  bool empty_ = false;
  std::uint32_t leftovers_ = 0;
};

}  // namespace airlock::runner
