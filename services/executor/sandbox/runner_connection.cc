#include "services/executor/sandbox/runner_connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "services/executor/sandbox/process_end.h"

namespace airlock::executor {
namespace {

constexpr std::uint32_t kProtocolVersion = 1;
constexpr absl::Duration kSilenceLimit = absl::Seconds(15);
// Beyond a process's own time: the sweep, the drain, and a busy machine.
constexpr absl::Duration kEndSlack = absl::Seconds(30);
// How long files and a start may take.
constexpr absl::Duration kStartLimit = absl::Seconds(60);
constexpr std::size_t kMaxComplaintBytes = 1000;

constexpr absl::string_view kProtocolReason = "RUNNER_PROTOCOL";
constexpr absl::string_view kOverdueReason = "RUNNER_OVERDUE";

}  // namespace

// What a caller holds of a process.
class RunnerConnection::ProcessHandle final : public SandboxProcess {
 public:
  ProcessHandle(std::shared_ptr<RunnerConnection> connection,
                std::shared_ptr<RunnerProcess> process)
      : connection_(std::move(connection)), process_(std::move(process)) {}

  void AllowOutput(std::uint64_t limit_bytes) override {
    Change([limit_bytes](RunnerProcess& process, std::string& frames) {
      return process.AppendCredit(limit_bytes, frames);
    });
  }
  void AddInput(std::string data, bool end) override {
    Change([data = std::move(data), end](RunnerProcess& process,
                                         std::string& frames) {
      const absl::Status added = process.AddInput(data, end);
      return added.ok() ? process.AppendInput(frames) : added;
    });
  }
  void Cancel() override {
    Change([](RunnerProcess& process, std::string& frames) {
      return process.AppendKill(frames);
    });
  }

 private:
  using Append = std::function<absl::Status(RunnerProcess&, std::string&)>;

  void Change(Append append) {
    connection_->Submit([connection = connection_.get(), process = process_,
                         append = std::move(append)] {
      connection->ForProcess(process, [&](std::string& frames) {
        return append(*process, frames);
      });
    });
  }

  const std::shared_ptr<RunnerConnection> connection_;
  const std::shared_ptr<RunnerProcess> process_;
};

RunnerConnection::RunnerConnection(std::unique_ptr<ByteStream> stream,
                                   const Clock& clock)
    : clock_(clock), stream_(std::move(stream)) {}

void RunnerConnection::Start() {
  ByteStream* stream = nullptr;
  {
    absl::MutexLock lock(&stream_mutex_);
    stream = stream_.get();
  }
  // Without the lock: a stream may deliver before Start() returns.
  stream->Start(shared_from_this());
  Submit([this] {
    runner::v1::ToRunner message;
    message.mutable_configure()->set_protocol_version(kProtocolVersion);
    message.mutable_configure()->set_silence_timeout_ms(
        static_cast<std::uint32_t>(absl::ToInt64Milliseconds(kSilenceLimit)));
    std::string frames;
    const absl::Status encoded = AppendFrame(message, frames);
    Send(encoded, std::move(frames));
  });
}

absl::Status RunnerConnection::WaitReady(absl::Time deadline) {
  absl::MutexLock lock(&ready_mutex_);
  const auto is_set = [this]() ABSL_SHARED_LOCKS_REQUIRED(ready_mutex_) {
    return ready_.has_value();
  };
  if (!ready_mutex_.AwaitWithDeadline(absl::Condition(&is_set), deadline)) {
    return absl::DeadlineExceededError(
        "the runner did not say that it is "
        "ready");
  }
  return *ready_;
}

std::shared_ptr<SandboxProcess> RunnerConnection::Run(
    ProcessSpec spec, std::shared_ptr<ProcessObserver> observer) {
  auto process =
      std::make_shared<RunnerProcess>(std::move(spec), std::move(observer));
  Submit([this, process] { StartProcess(process); });
  return std::make_shared<ProcessHandle>(shared_from_this(), process);
}

void RunnerConnection::ForProcess(
    const std::shared_ptr<RunnerProcess>& process,
    const std::function<absl::Status(std::string&)>& append) {
  if (!processes_.contains(process->number())) return;
  std::string frames;
  const absl::Status encoded = append(frames);
  Send(encoded, std::move(frames));
}

void RunnerConnection::Ping() {
  Submit([this] {
    CheckTimes();
    if (broken_) return;
    if (pings_sent_ == pongs_seen_) silent_since_ = clock_.Monotonic();
    runner::v1::ToRunner message;
    message.mutable_ping()->set_sequence(++pings_sent_);
    std::string frames;
    const absl::Status encoded = AppendFrame(message, frames);
    Send(encoded, std::move(frames));
  });
}

void RunnerConnection::Abort(absl::string_view reason,
                             absl::string_view message) {
  Submit([this, reason = std::string(reason), message = std::string(message)] {
    Break(reason, absl::UnavailableError(message));
  });
}

void RunnerConnection::Shutdown() {
  Abort("SANDBOX_CLOSED", "the sandbox was closed");
  std::unique_ptr<ByteStream> stream;
  {
    absl::MutexLock lock(&stream_mutex_);
    stream = std::move(stream_);
  }
  if (stream) stream->Close();
}

void RunnerConnection::OnData(absl::string_view data) {
  Submit([this, data = std::string(data)] {
    if (broken_) return;
    const absl::Status status =
        decoder_.Feed(data, [this](const runner::v1::FromRunner& message) {
          // An observer may have aborted between two frames.
          return broken_ ? absl::OkStatus() : Handle(message);
        });
    if (!status.ok()) Break(kProtocolReason, status);
  });
}

void RunnerConnection::OnDiagnostic(absl::string_view text) {
  Submit([this, text = std::string(text)] {
    if (complaint_.size() >= kMaxComplaintBytes) return;
    complaint_.append(text, 0, kMaxComplaintBytes - complaint_.size());
  });
}

void RunnerConnection::OnClosed(const absl::Status& status) {
  Submit([this, status] {
    Break(kGoneReason,
          status.ok() ? absl::UnavailableError("the runner ended") : status);
  });
}

void RunnerConnection::Submit(std::function<void()> function) {
  // Held until Submit() returns: the functions must not be the last to hold
  // the serializer that runs them.
  const std::shared_ptr<RunnerConnection> self = shared_from_this();
  serializer_.Submit([self, function = std::move(function)] { function(); });
}

std::optional<ProcessEnd> RunnerConnection::WhyNotNow(
    const RunnerProcess& process) const {
  if (broken_) {
    return NotStartedEnd(kGoneReason, "the runner of this sandbox is gone");
  }
  if (!is_ready_) {
    return NotStartedEnd("RUNNER_NOT_READY",
                         "the runner of this sandbox is not ready");
  }
  const auto runs_alone = [](const auto& entry) {
    return !entry.second->parallel();
  };
  if (!processes_.empty() &&
      (!process.parallel() || std::ranges::any_of(processes_, runs_alone))) {
    return NotStartedEnd("SANDBOX_BUSY",
                         "another process runs in this sandbox");
  }
  if (processes_.size() >= Sandbox::kMaxProcesses) {
    return NotStartedEnd("SANDBOX_BUSY",
                         "too many processes run in this sandbox");
  }
  return std::nullopt;
}

void RunnerConnection::StartProcess(
    const std::shared_ptr<RunnerProcess>& process) {
  if (const auto why_not = WhyNotNow(*process)) {
    return process->observer().OnEnded(*why_not);
  }
  std::string frames;
  const absl::Status encoded =
      process->AppendStart(++last_number_, clock_.Monotonic(), frames);
  if (!encoded.ok()) {
    return process->observer().OnEnded(
        NotStartedEnd("START_FAILED", encoded.message()));
  }
  processes_.emplace(process->number(), process);
  Send(encoded, std::move(frames));
}

absl::Status RunnerConnection::Handle(const runner::v1::FromRunner& message) {
  using runner::v1::FromRunner;
  if (message.frame_case() == FromRunner::kReady) {
    return HandleReady(message.ready());
  }
  if (!is_ready_ && message.frame_case() != FromRunner::kProtocolError) {
    return absl::DataLossError("the first frame must be Ready");
  }
  switch (message.frame_case()) {
    case FromRunner::kStarted: {
      const auto process = FindProcess(message.started().process());
      return process.ok() ? (*process)->OnStarted() : process.status();
    }
    case FromRunner::kOutputChunk: {
      const auto process = FindProcess(message.output_chunk().process());
      return process.ok() ? (*process)->OnOutput(message.output_chunk())
                          : process.status();
    }
    case FromRunner::kStdinCredit:
      return HandleStdinCredit(message.stdin_credit());
    case FromRunner::kEnded:
      return HandleEnded(message.ended());
    case FromRunner::kPong:
      return HandlePong(message.pong());
    case FromRunner::kProtocolError:
      return absl::DataLossError(absl::StrCat(
          "the runner refused a frame: ", message.protocol_error().message()));
    default:
      return absl::DataLossError("an unknown frame");
  }
}

absl::Status RunnerConnection::HandleReady(const runner::v1::Ready& ready) {
  if (is_ready_) return absl::DataLossError("Ready came twice");
  if (ready.protocol_version() != kProtocolVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the runner must speak protocol 1: got ", ready.protocol_version()));
  }
  if (!ready.is_init()) {
    return absl::FailedPreconditionError(
        "the runner must be process 1 of its own pid namespace, or a kill "
        "would not be complete");
  }
  is_ready_ = true;
  usable_ = true;
  SetReady(absl::OkStatus());
  return absl::OkStatus();
}

absl::Status RunnerConnection::HandlePong(const runner::v1::Pong& pong) {
  if (pong.sequence() <= pongs_seen_ || pong.sequence() > pings_sent_) {
    return absl::DataLossError("a Pong without its Ping");
  }
  pongs_seen_ = pong.sequence();
  silent_since_ = clock_.Monotonic();
  return absl::OkStatus();
}

absl::Status RunnerConnection::HandleStdinCredit(
    const runner::v1::StdinCredit& credit) {
  const auto process = FindProcess(credit.process());
  if (!process.ok()) return process.status();
  absl::Status status = (*process)->OnStdinCredit(credit);
  if (!status.ok()) return status;
  std::string frames;
  status = (*process)->AppendInput(frames);
  Send(status, std::move(frames));
  return absl::OkStatus();
}

absl::Status RunnerConnection::HandleEnded(const runner::v1::Ended& ended) {
  const auto process = FindProcess(ended.process());
  if (!process.ok()) return process.status();
  absl::StatusOr<ProcessEnd> end = (*process)->OnEnded(ended);
  if (!end.ok()) return end.status();
  // First: the observer may start the next one.
  processes_.erase((*process)->number());
  (*process)->observer().OnEnded(*end);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<RunnerProcess>> RunnerConnection::FindProcess(
    std::uint64_t number) const {
  const auto found = processes_.find(number);
  if (found != processes_.end()) return found->second;
  return absl::DataLossError(
      absl::StrCat("a frame for process ", number, ", which does not run"));
}

void RunnerConnection::CheckTimes() {
  const absl::Duration now = clock_.Monotonic();
  if (pings_sent_ > pongs_seen_ && now - silent_since_ > kSilenceLimit) {
    return Break(kSilentReason,
                 absl::UnavailableError("the runner does not answer"));
  }
  // The deadline is the runner's; this is for one that does not keep it.
  const auto overdue = [now](const auto& entry) {
    const RunnerProcess& process = *entry.second;
    absl::Duration limit = kStartLimit + kEndSlack;
    if (process.started()) limit += process.time_limit();
    return now - process.began() > limit;
  };
  if (std::ranges::any_of(processes_, overdue)) {
    Break(kOverdueReason,
          absl::UnavailableError("the runner did not end a process in time"));
  }
}

void RunnerConnection::Send(const absl::Status& encoded, std::string frames) {
  // What can be too long was checked by StartProcess(); the rest is a bug.
  if (!encoded.ok()) return Break(kProtocolReason, encoded);
  if (broken_ || frames.empty()) return;
  absl::MutexLock lock(&stream_mutex_);
  if (stream_) stream_->Write(std::move(frames));
}

void RunnerConnection::Break(absl::string_view reason,
                             const absl::Status& status) {
  if (broken_) return;
  broken_ = true;
  usable_ = false;
  const std::string message = WithComplaint(status.message());
  SetReady(status.code() == absl::StatusCode::kFailedPrecondition
               ? status
               : absl::UnavailableError(message));
  {
    absl::MutexLock lock(&stream_mutex_);
    if (stream_) stream_->Close();
  }
  const auto processes = std::exchange(processes_, {});
  for (const auto& [number, process] : processes) {
    process->observer().OnEnded(SandboxFailedEnd(reason, message));
  }
}

std::string RunnerConnection::WithComplaint(absl::string_view message) const {
  const absl::string_view complaint = absl::StripAsciiWhitespace(complaint_);
  return complaint.empty() ? std::string(message)
                           : absl::StrCat(message, " (", complaint, ")");
}

void RunnerConnection::SetReady(absl::Status status) {
  absl::MutexLock lock(&ready_mutex_);
  // What broke later matters to the next who waits, too.
  if (!ready_.has_value() || ready_->ok()) ready_ = std::move(status);
}

}  // namespace airlock::executor
