#include "services/runner/process.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "services/runner/disk_space.h"
#include "services/runner/kept_family.h"
#include "services/runner/launch.h"
#include "services/runner/lone_family.h"
#include "services/runner/wire_encode.h"

namespace airlock::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// After this long something cannot be killed: the end says "not empty".
constexpr milliseconds kSweepLimit(5000);
// How long pipes are read that somebody still holds.
constexpr milliseconds kDrainLimit(1000);

std::uint64_t Microseconds(steady_clock::duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
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
              [this] { OnOverLimit(); }),
      deadline_(context.loop, [this] { Terminate(Cause::kTimedOut); }),
      step_(context.loop, [this] { OnStep(); }) {
  FamilyListener& us = *this;
  if (parallel()) {
    family_ = std::make_unique<KeptFamily>(context.keepers, us);
  } else {
    family_ = std::make_unique<LoneFamily>(context.loop, context.reaper,
                                           context.oom_score_fd, us);
  }
}

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
  phase_ = Phase::kStarting;
  if (StartError error = Launch(); !error.ok()) FailStart(error);
}

// What comes of it is heard as a FamilyListener, perhaps at once.
StartError Process::Launch() {
  UniqueFd cwd;
  StartError error = context_.workspace.OpenDirectory(prepare_.cwd, cwd);
  if (!error.ok()) return error;
  UniqueFd their_in;
  UniqueFd their_out;
  UniqueFd their_err;
  if (!MakePipe(stdin_, their_in, true) ||
      !MakePipe(stdout_, their_out, false) ||
      !MakePipe(stderr_, their_err, false)) {
    return {kStartFailed,
            std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  counters_before_ = ReadCgroupCounters(context_.cgroup_root);
  started_at_ = steady_clock::now();
  deadline_.Arm(milliseconds(prepare_.timeout_ms));
  family_->Start({.argv = prepare_.argv,
                  .env = prepare_.env,
                  .cwd_fd = cwd.get(),
                  .stdin_fd = their_in.get(),
                  .stdout_fd = their_out.get(),
                  .stderr_fd = their_err.get(),
                  .output_fds = {stdout_.get(), stderr_.get()},
                  .open_files = context_.open_files});
  return {};
}

void Process::OnStarted() {
  if (phase_ != Phase::kStarting) return;
  phase_ = Phase::kRunning;
  TellStarted();
}

void Process::TellStarted() {
  context_.writer.SendControl(EncodeFrame(Started{number()}));
  input_.Start(std::move(stdin_));
  output_.Start(std::move(stdout_), std::move(stderr_));
}

void Process::OnNotStarted(const StartError& error) { FailStart(error); }

void Process::FailStart(const StartError& error) {
  phase_ = Phase::kEnded;
  context_.workspace.CloseFile();
  deadline_.Disarm();
  step_.Disarm();
  input_.Close();
  Ended end;
  end.process = number();
  end.cause = Cause::kNotStarted;
  end.reason = std::string(error.reason);
  end.message = CleanMessage(error.message);
  // Others may run beside it, and nothing ran of it.
  end.empty = parallel() || context_.reaper.ProvablyEmpty();
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

void Process::OnOverLimit() {
  if (!running()) return;
  if (cause_ == Cause::kUnspecified) cause_ = Cause::kOutputLimit;
  KillNow();
}

void Process::Terminate(Cause cause) {
  if (!running() || cause_ != Cause::kUnspecified) return;
  cause_ = cause;
  if (prepare_.kill_grace_ms == 0) return KillNow();
  family_->Ask();
  step_.Arm(milliseconds(prepare_.kill_grace_ms));
}

// The end of the family goes on from here.
void Process::KillNow() {
  killed_ = true;
  step_.Arm(kSweepLimit);
  family_->Kill();
}

void Process::OnStep() {
  switch (phase_) {
    case Phase::kStarting:
    case Phase::kRunning:
      if (!killed_) return KillNow();
      // Not even the leader can be killed.
      [[fallthrough]];
    case Phase::kSweeping:
      return Drain(false);
    case Phase::kDraining:
      return Finish();
    case Phase::kPreparing:
    case Phase::kEnded:
      return;
  }
}

void Process::OnLeaderEnded(int status) {
  if (!running()) return;
  leader_status_ = status;
  deadline_.Disarm();
  input_.Close();
  if (!parallel() || cause_ != Cause::kUnspecified) return Sweep();
  by_itself_ = true;
  Drain(true);
}

// Nobody outlives the leader.
void Process::Sweep() {
  phase_ = Phase::kSweeping;
  step_.Arm(kSweepLimit);
  family_->Kill();
}

void Process::OnGone(bool provably) {
  if (running() || phase_ == Phase::kSweeping) Drain(provably);
}

void Process::Drain(bool empty) {
  // Nobody knows whether it ever ran: it may have.
  if (phase_ == Phase::kStarting) TellStarted();
  phase_ = Phase::kDraining;
  empty_ = empty;
  ended_at_ = steady_clock::now();
  deadline_.Disarm();
  input_.Close();
  step_.Arm(kDrainLimit);
  output_.Drain([this] { Finish(); });
  // Who lives on may hold the pipes for ever; what the leader wrote is in them.
  if (by_itself_ && family_->leftovers() > 0) step_.Arm(milliseconds(0));
}

void Process::Finish() {
  if (phase_ != Phase::kDraining) return;
  if (by_itself_ && output_.over_limit()) {
    // Found in its last bytes: then this is an end by force, of all of it.
    by_itself_ = false;
    cause_ = Cause::kOutputLimit;
    return Sweep();
  }
  phase_ = Phase::kEnded;
  step_.Disarm();
  output_.Close();
  Ended end;
  end.process = number();
  FillUsage(end);
  FillEnd(end);
  if (by_itself_) family_->LetLive();
  context_.writer.SendData(EncodeFrame(end));
  context_.loop.Defer(on_ended_);
}

void Process::FillEnd(Ended& end) const {
  const int status = leader_status_.value_or(0);
  const bool signaled = WIFSIGNALED(status);
  if (cause_ != Cause::kUnspecified) {
    end.cause = cause_;
  } else if (!leader_status_) {
    end.cause = Cause::kSignaled;
    end.signal = SIGKILL;
    end.message = "its keeper was killed from inside the sandbox";
  } else if (output_.over_limit()) {
    end.cause = Cause::kOutputLimit;
  } else if (signaled && WTERMSIG(status) == SIGKILL && end.hit_memory) {
    end.cause = Cause::kOutOfMemory;
  } else if (signaled) {
    end.cause = Cause::kSignaled;
    end.signal = static_cast<std::uint32_t>(WTERMSIG(status));
  } else {
    end.cause = Cause::kExited;
    end.exit_code = static_cast<std::uint32_t>(WEXITSTATUS(status));
  }
  end.leftover_processes = family_->leftovers();
  end.empty = empty_;
  end.wall_time_us = Microseconds(ended_at_ - started_at_);
}

void Process::FillUsage(Ended& end) const {
  const CgroupCounters before = counters_before_;
  const CgroupCounters now = ReadCgroupCounters(context_.cgroup_root);
  // The sandbox's counter is also that of whoever runs beside it.
  const bool counted = !parallel() && before.cpu_time_us && now.cpu_time_us;
  end.cpu_time_us =
      counted ? *now.cpu_time_us - *before.cpu_time_us : family_->cpu_time_us();
  end.peak_memory_bytes = now.peak_memory_bytes.value_or(0);
  end.hit_memory = Rose(before.oom_kills, now.oom_kills);
  end.hit_pids = Rose(before.pids_refusals, now.pids_refusals);
  end.hit_cpu = Rose(before.throttled_periods, now.throttled_periods);
  end.hit_disk = IsDiskFull(context_.workspace.root()) || IsDiskFull("/tmp");
}

}  // namespace airlock::runner
