#include "services/executor/sandbox/runner_connection.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

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
constexpr absl::string_view kGoneReason = "RUNNER_GONE";
constexpr absl::string_view kSilentReason = "RUNNER_SILENT";
constexpr absl::string_view kOverdueReason = "RUNNER_OVERDUE";

}  // namespace

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

void RunnerConnection::Run(ProcessSpec spec,
                           std::shared_ptr<ProcessObserver> observer) {
  Submit(
      [this, spec = std::move(spec), observer = std::move(observer)]() mutable {
        StartProcess(std::move(spec), observer);
      });
}

void RunnerConnection::AllowOutput(std::uint64_t limit_bytes) {
  Submit([this, limit_bytes] {
    if (!process_) return;
    std::string frames;
    const absl::Status encoded = process_->AppendCredit(limit_bytes, frames);
    Send(encoded, std::move(frames));
  });
}

void RunnerConnection::Cancel() {
  Submit([this] {
    if (!process_) return;
    std::string frames;
    const absl::Status encoded = process_->AppendKill(frames);
    Send(encoded, std::move(frames));
  });
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

void RunnerConnection::StartProcess(
    ProcessSpec spec, const std::shared_ptr<ProcessObserver>& observer) {
  if (broken_) {
    return observer->OnEnded(
        NotStartedEnd(kGoneReason, "the runner of this sandbox is gone"));
  }
  if (!is_ready_ || process_) {
    return observer->OnEnded(
        NotStartedEnd(is_ready_ ? "SANDBOX_BUSY" : "RUNNER_NOT_READY",
                      is_ready_ ? "another process runs in this sandbox"
                                : "the runner of this sandbox is not ready"));
  }
  auto process = std::make_unique<RunnerProcess>(++last_number_,
                                                 std::move(spec), observer);
  std::string frames;
  const absl::Status encoded = process->AppendStart(frames);
  if (!encoded.ok()) {
    return observer->OnEnded(NotStartedEnd("START_FAILED", encoded.message()));
  }
  process_ = std::move(process);
  process_began_ = clock_.Monotonic();
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
      const absl::Status status = CheckProcess(message.started().process());
      return status.ok() ? process_->OnStarted() : status;
    }
    case FromRunner::kOutputChunk: {
      const absl::Status status =
          CheckProcess(message.output_chunk().process());
      return status.ok() ? process_->OnOutput(message.output_chunk()) : status;
    }
    case FromRunner::kStdinCredit: {
      absl::Status status = CheckProcess(message.stdin_credit().process());
      if (status.ok()) status = process_->OnStdinCredit(message.stdin_credit());
      if (!status.ok()) return status;
      std::string frames;
      status = process_->AppendInput(frames);
      Send(status, std::move(frames));
      return absl::OkStatus();
    }
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

absl::Status RunnerConnection::HandleEnded(const runner::v1::Ended& ended) {
  if (absl::Status status = CheckProcess(ended.process()); !status.ok()) {
    return status;
  }
  absl::StatusOr<ProcessEnd> end = process_->OnEnded(ended);
  if (!end.ok()) return end.status();
  // First: the observer may start the next one.
  const std::unique_ptr<RunnerProcess> process = std::move(process_);
  process->observer().OnEnded(*end);
  return absl::OkStatus();
}

absl::Status RunnerConnection::CheckProcess(std::uint64_t number) const {
  if (process_ && process_->number() == number) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("a frame for process ", number, ", which does not run"));
}

void RunnerConnection::CheckTimes() {
  const absl::Duration now = clock_.Monotonic();
  if (pings_sent_ > pongs_seen_ && now - silent_since_ > kSilenceLimit) {
    return Break(kSilentReason,
                 absl::UnavailableError("the runner does not answer"));
  }
  if (!process_) return;
  // The deadline is the runner's; this is for one that does not keep it.
  absl::Duration limit = kStartLimit + kEndSlack;
  if (process_->started()) limit += process_->time_limit();
  if (now - process_began_ > limit) {
    Break(kOverdueReason,
          absl::UnavailableError("the runner did not end the process in time"));
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
  if (!process_) return;
  const std::unique_ptr<RunnerProcess> process = std::move(process_);
  process->observer().OnEnded(SandboxFailedEnd(reason, message));
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
