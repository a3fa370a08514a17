#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/fake_sandbox.h"

namespace airlock {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::Stream;

constexpr std::size_t kChunkBytes = std::size_t{16} << 10;

ProcessEnd Ended(EndedBy ended_by, absl::string_view reason = "") {
  ProcessEnd end;
  end.ended_by = ended_by;
  end.reason = std::string(reason);
  return end;
}

ProcessEnd Exited(int code) {
  ProcessEnd end = Ended(EndedBy::kExited);
  end.exit_code = code;
  return end;
}

std::string JoinFrom(const std::vector<std::string>& words, std::size_t first) {
  std::vector<std::string> rest(
      words.begin() + static_cast<std::ptrdiff_t>(first), words.end());
  return absl::StrCat(absl::StrJoin(rest, " "), "\n");
}

bool IsInterpreter(absl::string_view program) {
  return program == "python3" || program == "sh" || program == "bash" ||
         program == "node" || program == "/bin/sh";
}

bool IsKnown(absl::string_view word) {
  constexpr std::array<absl::string_view, 14> kKnown = {
      "echo", "exit",   "sleep", "cat",  "env",    "pwd",   "stderr",
      "spam", "signal", "crash", "hang", "daemon", "leave", "left"};
  return std::ranges::find(kKnown, word) != kKnown.end();
}

std::vector<std::string> SplitLine(absl::string_view text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  return absl::StrSplit(lines.front(), ' ', absl::SkipEmpty());
}

}  // namespace

FakeProcess::FakeProcess(std::shared_ptr<FakeBackendState> state,
                         std::shared_ptr<std::atomic<int>> background,
                         executor::ProcessSpec spec,
                         std::shared_ptr<executor::ProcessObserver> observer)
    : state_(std::move(state)),
      background_(std::move(background)),
      spec_(std::move(spec)),
      observer_(std::move(observer)),
      started_(absl::Now()),
      limit_(spec_.output_credit_bytes),
      input_(spec_.stdin_data),
      input_complete_(!spec_.accepts_later_input) {}

void FakeProcess::Start() {
  std::thread([self = shared_from_this()] {
    {
      absl::MutexLock lock(&self->mutex_);
      self->thread_ = std::this_thread::get_id();
    }
    self->Play();
  }).detach();
}

void FakeProcess::AllowOutput(std::uint64_t limit_bytes) {
  absl::MutexLock lock(&mutex_);
  if (limit_bytes > limit_) limit_ = limit_bytes;
}

void FakeProcess::AddInput(std::string data, bool end) {
  absl::MutexLock lock(&mutex_);
  later_input_ += data.size();
  if (input_complete_ || later_input_ > input_credit_) {
    lost_ = true;
    return;
  }
  input_ += data;
  input_complete_ = end;
}

void FakeProcess::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancelled_ = true;
}

void FakeProcess::Lose() {
  absl::MutexLock lock(&mutex_);
  lost_ = true;
}

bool FakeProcess::ended() const {
  absl::MutexLock lock(&mutex_);
  return ended_;
}

void FakeProcess::WaitEnded() const {
  absl::MutexLock lock(&mutex_);
  if (thread_ == std::this_thread::get_id()) return;
  mutex_.Await(absl::Condition(&told_));
}

FakeProcess::Words FakeProcess::Command() const {
  const Words& argv = spec_.argv;
  if (argv.empty()) return {};
  if (argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c") {
    return SplitLine(argv[2]);
  }
  if (argv.size() < 2 || !IsInterpreter(argv[0])) return argv;
  for (const executor::ProcessFile& file : spec_.files) {
    if (absl::EndsWith(argv[1], file.path)) return SplitLine(file.content);
  }
  return argv;
}

void FakeProcess::Play() {
  const Words words = Command();
  ProcessEnd end;
  if (words.empty() || !IsKnown(words.front())) {
    end = Ended(EndedBy::kNotStarted, "COMMAND_NOT_FOUND");
  } else {
    {
      absl::MutexLock lock(&state_->mutex);
      state_->started.push_back(spec_);
      ++state_->running_processes;
    }
    observer_->OnStarted();
    end = PlayCommand(words);
    absl::MutexLock lock(&state_->mutex);
    --state_->running_processes;
    end.empty = state_->end_empty;
  }
  end.wall_time = absl::Now() - started_;
  {
    // Before it is told: who hears it may start the next one at once.
    absl::MutexLock lock(&mutex_);
    ended_ = true;
  }
  observer_->OnEnded(end);
  absl::MutexLock lock(&mutex_);
  told_ = true;
}

ProcessEnd FakeProcess::PlayCommand(const Words& words) {
  const std::string& name = words.front();
  const std::string argument = words.size() > 1 ? words[1] : "";
  ProcessEnd end = Exited(0);
  double seconds = 0;
  int number = 0;
  std::uint64_t bytes = 0;
  if (name == "echo") {
    Write(Stream::kStdout, JoinFrom(words, 1), end);
  } else if (name == "stderr") {
    Write(Stream::kStderr, JoinFrom(words, 1), end);
  } else if (name == "cat") {
    Echo(end);
  } else if (name == "pwd") {
    Write(Stream::kStdout, spec_.cwd + "\n", end);
  } else if (name == "env") {
    Write(Stream::kStdout, absl::StrJoin(spec_.env, "\n") + "\n", end);
  } else if (name == "spam" && absl::SimpleAtoi(argument, &bytes)) {
    Spam(bytes, end);
  } else if (name == "sleep" && absl::SimpleAtod(argument, &seconds)) {
    Sleep(absl::Seconds(seconds), end);
  } else if (name == "exit" && absl::SimpleAtoi(argument, &number)) {
    end = Exited(number);
  } else if (name == "signal" && absl::SimpleAtoi(argument, &number)) {
    end = Ended(EndedBy::kSignaled);
    end.signal = number;
  } else if (name == "leave") {
    LeaveBehind(end);
  } else if (name == "left") {
    Write(Stream::kStdout, absl::StrCat(background_->load(), "\n"), end);
  } else if (name == "daemon") {
    ++*background_;
    if (Write(Stream::kStdout, "up\n", end)) {
      Sleep(absl::InfiniteDuration(), end);
    }
    --*background_;
  } else if (name == "crash") {
    end = Ended(EndedBy::kSandboxFailed, "SANDBOX_LOST");
  } else if (name == "hang") {
    // Ends with the first interruption, but only after the grace.
    Sleep(absl::InfiniteDuration(), end);
    if (end.ended_by != EndedBy::kSandboxFailed) {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&lost_), spec_.kill_grace);
    }
  } else {
    end = Exited(2);
  }
  return end;
}

bool FakeProcess::Interrupted(ProcessEnd& end) const {
  if (lost_) {
    end = Ended(EndedBy::kSandboxFailed, "SANDBOX_LOST");
  } else if (cancelled_) {
    end = Ended(EndedBy::kCancelled);
  } else if (absl::Now() - started_ >= spec_.timeout) {
    end = Ended(EndedBy::kTimedOut);
  } else {
    return false;
  }
  return true;
}

bool FakeProcess::WantsAttention() const { return lost_ || cancelled_; }

bool FakeProcess::MayWrite() const {
  return WantsAttention() || written_ < limit_;
}

bool FakeProcess::HasInput() const {
  return WantsAttention() || !input_.empty() || input_complete_;
}

bool FakeProcess::Echo(ProcessEnd& end) {
  while (true) {
    std::string piece;
    std::optional<std::uint64_t> credit;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(this, &FakeProcess::HasInput),
                               started_ + spec_.timeout);
      if (Interrupted(end)) return false;
      if (input_.empty() && input_complete_) return true;
      piece = std::exchange(input_, {});
      read_ += piece.size();
      if (!input_complete_ && read_ >= spec_.stdin_data.size()) {
        credit = read_ - spec_.stdin_data.size() + kFirstInputCredit;
        input_credit_ = *credit;
      }
    }
    if (credit.has_value()) observer_->OnInputCredit(*credit);
    if (!Write(Stream::kStdout, piece, end)) return false;
  }
}

void FakeProcess::LeaveBehind(ProcessEnd& end) {
  end.leftover_processes = 1;
  if (spec_.parallel) ++*background_;
}

bool FakeProcess::Sleep(absl::Duration duration, ProcessEnd& end) {
  absl::MutexLock lock(&mutex_);
  const absl::Time until =
      std::min(absl::Now() + duration, started_ + spec_.timeout);
  mutex_.AwaitWithDeadline(absl::Condition(this, &FakeProcess::WantsAttention),
                           until);
  return !Interrupted(end);
}

bool FakeProcess::Spam(std::uint64_t bytes, ProcessEnd& end) {
  const std::string chunk(kChunkBytes, 'x');
  while (bytes > 0) {
    const std::size_t size = std::min<std::uint64_t>(bytes, chunk.size());
    if (!Write(Stream::kStdout, chunk.substr(0, size), end)) return false;
    bytes -= size;
  }
  return true;
}

bool FakeProcess::Write(Stream stream, absl::string_view data,
                        ProcessEnd& end) {
  while (!data.empty()) {
    std::size_t size = 0;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithDeadline(absl::Condition(this, &FakeProcess::MayWrite),
                               started_ + spec_.timeout);
      if (Interrupted(end)) return false;
      if (written_ >= limit_) continue;
      size = std::min<std::uint64_t>(data.size(), limit_ - written_);
      if (spec_.output_limit_bytes > 0) {
        const std::uint64_t room = spec_.output_limit_bytes - written_;
        size = std::min<std::uint64_t>(size, room);
      }
      written_ += size;
    }
    if (size == 0) {
      end = Ended(EndedBy::kOutputLimit);
      return false;
    }
    observer_->OnOutput(stream, data.substr(0, size));
    data.remove_prefix(size);
  }
  return true;
}

}  // namespace airlock
