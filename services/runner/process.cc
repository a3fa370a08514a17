#include "services/runner/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "services/runner/disk_space.h"
#include "services/runner/launch.h"
#include "services/runner/oom_score.h"
#include "services/runner/wire_encode.h"

namespace airlock::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How often what is left is killed again.
constexpr milliseconds kSweepInterval(10);
// After this long something cannot be killed: the end says "not empty".
constexpr milliseconds kSweepLimit(5000);
// How long pipes are read that somebody still holds.
constexpr milliseconds kDrainLimit(1000);

std::uint64_t Microseconds(steady_clock::duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

// Processor time of all processes that were buried so far.
std::uint64_t BuriedCpuTimeUs() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Text on its way into a frame: short, and valid UTF-8 whatever the executor
// put into a path.
std::string CleanMessage(std::string_view text) {
  constexpr std::size_t kMaxBytes = 500;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string clean;
  for (const char c : text.substr(0, kMaxBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      clean.push_back(c);
    } else {
      clean.append("\\x").push_back(kDigits[byte >> 4]);
      clean.push_back(kDigits[byte & 15]);
    }
  }
  if (text.size() > kMaxBytes) clean.append("...");
  return clean;
}

// Our end is non-blocking; the process's end is as it expects it.
bool MakePipe(UniqueFd& ours, UniqueFd& theirs, bool we_write) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  ours = UniqueFd(ends[we_write ? 1 : 0]);
  theirs = UniqueFd(ends[we_write ? 0 : 1]);
  return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Process::Process(ProcessContext& context, Prepare prepare,
                 std::function<void()> on_ended)
    : context_(context),
      prepare_(std::move(prepare)),
      on_ended_(std::move(on_ended)),
      input_(context.loop, context.writer, prepare_.process),
      output_(context.loop, context.writer, prepare_.process,
              prepare_.output_limit_bytes, prepare_.output_credit_bytes,
              [this] {
                if (phase_ != Phase::kRunning) return;
                if (cause_ == Cause::kUnspecified) cause_ = Cause::kOutputLimit;
                KillNow();
              }),
      deadline_(context.loop, [this] { Terminate(Cause::kTimedOut); }),
      step_(context.loop, [this] { OnStep(); }) {}

void Process::AddFile(const FileChunk& chunk) {
  if (phase_ != Phase::kPreparing) return;
  StartError error;
  if (chunk.first) {
    error = context_.workspace.CreateFile(chunk.path, chunk.mode);
  }
  if (error.ok()) {
    error = context_.workspace.AppendFile(chunk.path, chunk.data);
  }
  if (!error.ok()) FailStart(error);
}

bool Process::AddInput(StdinChunk chunk) {
  if (phase_ > Phase::kRunning) return true;  // nobody reads it any more
  return input_.Add(std::move(chunk.data), chunk.end);
}

void Process::Start() {
  context_.workspace.CloseFile();
  if (StartError error = Launch(); !error.ok()) return FailStart(error);
  deadline_.Arm(milliseconds(prepare_.timeout_ms));
}

StartError Process::Launch() {
  UniqueFd cwd;
  StartError error = context_.workspace.OpenDirectory(prepare_.cwd, cwd);
  if (!error.ok()) return error;
  UniqueFd our_in;
  UniqueFd their_in;
  UniqueFd our_out;
  UniqueFd their_out;
  UniqueFd our_err;
  UniqueFd their_err;
  if (!MakePipe(our_in, their_in, true) ||
      !MakePipe(our_out, their_out, false) ||
      !MakePipe(our_err, their_err, false)) {
    return {kStartFailed,
            std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  counters_before_ = ReadCgroupCounters(context_.cgroup_root);
  rusage_before_us_ = BuriedCpuTimeUs();
  started_at_ = steady_clock::now();
  {
    const ScopedOomScore first_choice(context_.oom_score_fd);
    error = runner::Launch({prepare_.argv, prepare_.env, cwd.get(),
                            their_in.get(), their_out.get(), their_err.get()},
                           leader_);
  }
  if (!error.ok()) return error;
  phase_ = Phase::kRunning;
  context_.writer.SendControl(EncodeFrame(Started{number()}));
  input_.Start(std::move(our_in));
  output_.Start(std::move(our_out), std::move(our_err));
  return {};
}

void Process::FailStart(const StartError& error) {
  phase_ = Phase::kEnded;
  context_.workspace.CloseFile();
  input_.Close();
  Ended end;
  end.process = number();
  end.cause = Cause::kNotStarted;
  end.reason = std::string(error.reason);
  end.message = CleanMessage(error.message);
  end.empty = context_.reaper.ProvablyEmpty();
  end.hit_disk = error.reason == kDiskFull;
  context_.writer.SendData(EncodeFrame(end));
  context_.loop.Defer(on_ended_);
}

void Process::Kill() {
  if (phase_ == Phase::kPreparing) {
    return FailStart({kStartFailed, "killed before its start"});
  }
  Terminate(Cause::kKilled);
}

void Process::Terminate(Cause cause) {
  if (phase_ != Phase::kRunning || cause_ != Cause::kUnspecified) return;
  cause_ = cause;
  if (prepare_.kill_grace_ms == 0) return KillNow();
  context_.reaper.SignalAll(leader_, SIGTERM);
  // Who is stopped cannot hear SIGTERM.
  context_.reaper.SignalAll(leader_, SIGCONT);
  step_.Arm(milliseconds(prepare_.kill_grace_ms));
}

// The leader's end, which SIGCHLD tells, goes on from here.
void Process::KillNow() {
  killed_ = true;
  context_.reaper.SignalAll(leader_, SIGKILL);
  step_.Arm(kSweepLimit);
}

void Process::OnStep() {
  switch (phase_) {
    case Phase::kRunning:
      if (!killed_) return KillNow();
      // Not even the leader can be killed.
      ended_at_ = steady_clock::now();
      return Drain(false);
    case Phase::kSweeping:
      return CheckEmpty();
    case Phase::kDraining:
      return Finish();
    case Phase::kPreparing:
    case Phase::kEnded:
      return;
  }
}

void Process::OnBuried(pid_t pid, int status) {
  if (pid == leader_ && !leader_gone_) {
    leader_gone_ = true;
    leader_status_ = status;
  } else if (phase_ == Phase::kSweeping && !killed_ && WIFSIGNALED(status) &&
             WTERMSIG(status) == SIGKILL) {
    // It outlived the leader and died of our sweep, not by itself.
    ++leftovers_;
  }
}

void Process::AfterBurying() {
  if (phase_ == Phase::kRunning && leader_gone_) {
    Sweep();
  } else if (phase_ == Phase::kSweeping) {
    CheckEmpty();
  }
}

void Process::Sweep() {
  phase_ = Phase::kSweeping;
  deadline_.Disarm();
  input_.Close();
  sweep_began_at_ = steady_clock::now();
  CheckEmpty();
}

void Process::CheckEmpty() {
  const Reaper& reaper = context_.reaper;
  ended_at_ = steady_clock::now();
  if (reaper.ProvablyEmpty()) return Drain(true);
  if (!reaper.is_init() && Reaper::HasNoChild()) return Drain(false);
  if (ended_at_ - sweep_began_at_ > kSweepLimit) return Drain(false);
  reaper.SignalAll(leader_, SIGKILL);
  step_.Arm(kSweepInterval);
}

void Process::KillRemains() const {
  if (started()) context_.reaper.SignalAll(leader_, SIGKILL);
}

void Process::Drain(bool empty) {
  phase_ = Phase::kDraining;
  empty_ = empty;
  deadline_.Disarm();
  input_.Close();
  step_.Arm(kDrainLimit);
  output_.Drain([this] { Finish(); });
}

void Process::Finish() {
  if (phase_ == Phase::kEnded) return;
  phase_ = Phase::kEnded;
  step_.Disarm();
  output_.Close();
  Ended end;
  end.process = number();
  FillUsage(end);
  FillEnd(end);
  context_.writer.SendData(EncodeFrame(end));
  context_.loop.Defer(on_ended_);
}

void Process::FillEnd(Ended& end) const {
  const bool signaled = leader_gone_ && WIFSIGNALED(leader_status_);
  if (cause_ != Cause::kUnspecified) {
    end.cause = cause_;
  } else if (output_.over_limit()) {
    end.cause = Cause::kOutputLimit;
  } else if (signaled && WTERMSIG(leader_status_) == SIGKILL &&
             end.hit_memory) {
    end.cause = Cause::kOutOfMemory;
  } else if (signaled) {
    end.cause = Cause::kSignaled;
    end.signal = static_cast<std::uint32_t>(WTERMSIG(leader_status_));
  } else {
    end.cause = Cause::kExited;
    end.exit_code = static_cast<std::uint32_t>(WEXITSTATUS(leader_status_));
  }
  end.leftover_processes = leftovers_;
  end.empty = empty_;
  end.wall_time_us = Microseconds(ended_at_ - started_at_);
}

void Process::FillUsage(Ended& end) const {
  const CgroupCounters before = counters_before_;
  const CgroupCounters now = ReadCgroupCounters(context_.cgroup_root);
  end.cpu_time_us = before.cpu_time_us && now.cpu_time_us
                        ? *now.cpu_time_us - *before.cpu_time_us
                        : BuriedCpuTimeUs() - rusage_before_us_;
  end.peak_memory_bytes = now.peak_memory_bytes.value_or(0);
  end.hit_memory = Rose(before.oom_kills, now.oom_kills);
  end.hit_pids = Rose(before.pids_refusals, now.pids_refusals);
  end.hit_cpu = Rose(before.throttled_periods, now.throttled_periods);
  end.hit_disk = IsDiskFull(context_.workspace.root()) || IsDiskFull("/tmp");
}

}  // namespace airlock::runner
