#include "services/runner/runner.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "services/runner/complain.h"
#include "services/runner/wire_decode.h"
#include "services/runner/wire_encode.h"

namespace airlock::runner {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDefaultSilence(15000);
// How long the last word may take.
constexpr milliseconds kFlushLimit(1000);
constexpr std::size_t kMaxProcesses = 256;
// What one read of frames takes.
constexpr std::size_t kReadBytes = 64 << 10;

UniqueFd MakeChildrenFd() {
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  return UniqueFd(::signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC));
}

bool HasNul(const std::vector<std::string>& strings) {
  return std::ranges::any_of(strings, [](const std::string& text) {
    return std::ranges::find(text, '\0') != text.end();
  });
}

}  // namespace

Runner::Runner(const RunnerOptions& options, Workspace& workspace,
               UniqueFd oom_score_fd)
    : oom_score_fd_(std::move(oom_score_fd)),
      children_fd_(MakeChildrenFd()),
      writer_(loop_, STDOUT_FILENO,
              [this] {
                Complain("the executor does not read");
                loop_.Stop(kExitGone);
              }),
      keepers_(loop_),
      input_buffer_(kReadBytes),
      context_{loop_,
               writer_,
               reaper_,
               keepers_,
               workspace,
               options.cgroup,
               oom_score_fd_.get(),
               options.open_files},
      silence_(loop_, [this] { OnSilence(); }),
      silence_limit_(kDefaultSilence) {}

int Runner::Run() {
  if (!Watch()) return kExitFailed;
  silence_.Arm(silence_limit_);
  writer_.SendControl(EncodeFrame(Ready{kProtocolVersion, reaper_.is_init()}));
  // Process 1 takes the rest of its namespace with it; elsewhere the ends of
  // the processes and of the keepers do.
  return loop_.Run();
}

bool Runner::Watch() {
  if (!loop_.Add(STDIN_FILENO, EPOLLIN, [this](std::uint32_t) { OnInput(); })) {
    Complain("standard input must be a pipe or a socket");
    return false;
  }
  if (!children_fd_.valid() ||
      !loop_.Add(children_fd_.get(), EPOLLIN,
                 [this](std::uint32_t) { OnChildren(); })) {
    Complain("cannot watch for the end of processes");
    return false;
  }
  return true;
}

void Runner::OnInput() {
  const ssize_t count =
      ::read(STDIN_FILENO, input_buffer_.data(), input_buffer_.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    if (!reader_.at_boundary()) Complain("the last frame was cut");
    return loop_.Stop(kExitGone);
  }
  const bool ok = reader_.Feed(
      std::string_view(input_buffer_.data(), static_cast<std::size_t>(count)),
      [this](std::string_view message) { return HandleMessage(message); });
  if (!ok) {
    BreakOff(error_.empty() ? "a frame must have at most 1048576 bytes"
                            : error_);
  }
}

void Runner::OnChildren() {
  signalfd_siginfo info{};
  while (::read(children_fd_.get(), &info, sizeof(info)) > 0) {
  }
  Reaper::Reap(
      [this](pid_t pid, int status) {
        if (keepers_.OnBuried(pid)) return;
        for (const auto& [number, process] : processes_) {
          process->family().OnBuried(pid, status);
        }
      },
      [this](pid_t pid) { keepers_.OnStopped(pid); });
  for (const auto& [number, process] : processes_) {
    process->family().AfterBurying();
  }
}

void Runner::OnSilence() {
  // After a pause of the whole machine the frames may be there, unread.
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, 0) == 1) return silence_.Arm(kFlushLimit);
  Complain("no frame for " + std::to_string(silence_limit_.count()) + " ms");
  loop_.Stop(kExitSilence);
}

bool Runner::HandleMessage(std::string_view bytes) {
  ToRunner message;
  if (!DecodeToRunner(bytes, message, error_)) return false;
  silence_.Arm(silence_limit_);
  if (!configured_ && !std::holds_alternative<Configure>(message)) {
    return Fail("the first frame must be Configure");
  }
  return std::visit([this](auto& frame) { return Handle(frame); }, message);
}

bool Runner::Handle(std::monostate) { return Fail("a message without frame"); }

bool Runner::Handle(const Configure& configure) {
  if (configured_) return Fail("Configure must come once");
  if (configure.protocol_version != kProtocolVersion) {
    return Fail("protocol_version must be 1: got " +
                std::to_string(configure.protocol_version));
  }
  configured_ = true;
  if (configure.silence_timeout_ms != 0) {
    silence_limit_ = milliseconds(configure.silence_timeout_ms);
  }
  silence_.Arm(silence_limit_);
  return true;
}

bool Runner::Handle(Prepare& prepare) {
  const auto alone = [](const auto& entry) {
    return !entry.second->parallel();
  };
  if (!processes_.empty() &&
      (!prepare.parallel || std::ranges::any_of(processes_, alone))) {
    return Fail("Prepare while another process is not over");
  }
  if (processes_.size() >= kMaxProcesses) {
    return Fail("Prepare while 256 processes are not over");
  }
  if (prepare.process <= last_number_) {
    return Fail("process numbers must rise: got " +
                std::to_string(prepare.process));
  }
  if (prepare.argv.empty()) return Fail("Prepare.argv must not be empty");
  if (HasNul(prepare.argv) || HasNul(prepare.env)) {
    return Fail("Prepare.argv and env must not hold NUL bytes");
  }
  if (prepare.timeout_ms == 0) return Fail("Prepare.timeout_ms must be set");
  const std::uint64_t number = last_number_ = prepare.process;
  processes_[number] =
      std::make_unique<Process>(context_, std::move(prepare),
                                [this, number] { processes_.erase(number); });
  return true;
}

bool Runner::Handle(const FileChunk& chunk) {
  Process* process = nullptr;
  if (!Find(chunk.process, process)) return false;
  if (process == nullptr) return true;
  if (process->started()) return Fail("FileChunk after Start");
  process->AddFile(chunk);
  return true;
}

bool Runner::Handle(const Start& start) {
  Process* process = nullptr;
  if (!Find(start.process, process)) return false;
  if (process == nullptr) return true;
  if (process->started()) return Fail("Start must come once");
  process->Start();
  return true;
}

bool Runner::Handle(StdinChunk& chunk) {
  Process* process = nullptr;
  if (!Find(chunk.process, process)) return false;
  if (process == nullptr || process->AddInput(std::move(chunk))) return true;
  return Fail("StdinChunk beyond its credit or its end");
}

bool Runner::Handle(const OutputCredit& credit) {
  Process* process = nullptr;
  if (!Find(credit.process, process)) return false;
  if (process != nullptr) process->AllowOutput(credit.limit_bytes);
  return true;
}

bool Runner::Handle(const runner::Kill& kill) {
  Process* process = nullptr;
  if (!Find(kill.process, process)) return false;
  if (process != nullptr) process->Kill();
  return true;
}

bool Runner::Handle(const Ping& ping) {
  writer_.SendControl(EncodeFrame(Pong{ping.sequence}));
  return true;
}

bool Runner::Find(std::uint64_t number, Process*& target) {
  if (number == 0 || number > last_number_) {
    return Fail("unknown process " + std::to_string(number));
  }
  const auto found = processes_.find(number);
  const bool current = found != processes_.end() && !found->second->ended();
  target = current ? found->second.get() : nullptr;
  return true;
}

bool Runner::Fail(std::string error) {
  error_ = std::move(error);
  return false;
}

void Runner::BreakOff(const std::string& error) {
  Complain("protocol error: " + error);
  writer_.SendControl(EncodeFrame(ProtocolError{error}));
  writer_.FlushFor(kFlushLimit);
  loop_.Stop(kExitProtocol);
}

}  // namespace airlock::runner
