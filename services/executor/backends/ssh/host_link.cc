#include "services/executor/backends/ssh/host_link.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "services/executor/backends/ssh/connection/shell_words.h"

namespace airlock::executor {
namespace {

// The host keeps cells for 15 s: there is time for several tries.
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(2);
// One that ends sooner counts as an attempt that failed.
constexpr absl::Duration kGoodConnection = absl::Seconds(10);
// Upload and start, once connected.
constexpr absl::Duration kPrepareLimit = absl::Seconds(30);
// From the start of the line to Welcome: the host may have to be started.
constexpr absl::Duration kWelcomeLimit = absl::Seconds(15);
constexpr absl::Duration kTick = absl::Seconds(1);
// To tell the host that we leave.
constexpr absl::Duration kLeaveLimit = absl::Seconds(3);
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr int kReadsPerTurn = 16;
// Frames that are sent with one call.
constexpr std::size_t kWriteBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxComplaintBytes = 1000;
// What a login shell may print before the line speaks.
constexpr std::size_t kMaxBeforeMark = std::size_t{256} << 10;

std::string LineCommand(const HostLinkOptions& options,
                        const RemoteRunner& runner, absl::string_view mark) {
  const std::string folder = runner.path.substr(0, runner.path.rfind('/'));
  std::string command =
      absl::StrCat("exec ", ShellWord(runner.path), " line --executor ",
                   ShellWord(options.executor_id), " --state ",
                   ShellWord(folder), " --mark ", mark);
  if (!options.cgroup.empty()) {
    absl::StrAppend(&command, " --cgroup ", ShellWord(options.cgroup));
  }
  return command;
}

}  // namespace

HostLink::HostLink(HostLinkOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      wake_(std::make_shared<const WakeUp>()),
      talk_(std::make_shared<HostTalk>(
          options_.boot, [wake = wake_] { wake->Ring(); }, clock)),
      status_(absl::UnavailableError("the host was not reached yet")),
      thread_([this] { Run(); }) {}

HostLink::~HostLink() {
  talk_->SendLeave();
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  wake_->Ring();
  stop_.Ring();
  thread_.join();
  talk_->Forget(absl::CancelledError("the backend has stopped"));
}

absl::Status HostLink::WaitConnected(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  const std::uint64_t before = tries_;
  const auto is_known = [this, before]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return status_.ok() || stopping_ || tries_ > before;
  };
  mutex_.AwaitWithDeadline(absl::Condition(&is_known), deadline);
  return status_;
}

bool HostLink::stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

void HostLink::SetStatus(const absl::Status& status) {
  absl::MutexLock lock(&mutex_);
  status_ = status;
  if (!status.ok()) ++tries_;
}

void HostLink::Run() {
  absl::BitGen random;
  absl::Duration pause = kFirstPause;
  bool renewed = false;
  while (!stopping()) {
    const absl::Duration began = clock_.Monotonic();
    const absl::Status status = ServeOnce();
    if (stopping()) return;
    if (clock_.Monotonic() - began > kGoodConnection) pause = kFirstPause;
    // Once: a host that says so each time is treated as any that fails.
    renewed = !renewed && ErrorReason(status) == "HOST_RENEWED";
    if (renewed) continue;
    SetStatus(status);
    Tell(announced_ ? HostLinkEvent::kLost : HostLinkEvent::kFailed);
    LogWarning("the SSH host is not connected",
               {{"host", options_.target.host}, {"error", status}});
    Pause(absl::Uniform(random, 0.5, 1.0) * pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

void HostLink::Tell(HostLinkEvent event) const {
  if (options_.on_event) options_.on_event(event);
}

void HostLink::Pause(absl::Duration pause) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), pause);
}

absl::Status HostLink::ServeOnce() {
  announced_ = false;
  absl::StatusOr<std::unique_ptr<SshConnection>> connection = Connect();
  if (!connection.ok()) return connection.status();
  writing_.clear();
  written_ = 0;
  complaint_.clear();
  resumes_ = talk_->has_host();
  talk_->Begin();
  const absl::Status status = Pump(**connection);
  // What makes no sense may be an attack: nothing of it is taken up again.
  if (absl::IsDataLoss(status)) talk_->Lose(status);
  if (complaint_.empty()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat(status.message(), " (",
                   EscapeText(absl::StripAsciiWhitespace(complaint_)), ")"));
}

absl::StatusOr<std::unique_ptr<SshConnection>> HostLink::Connect() {
  absl::StatusOr<std::unique_ptr<SshConnection>> connection =
      SshConnection::Dial(options_.target,
                          absl::Now() + options_.target.connect_timeout,
                          &stop_);
  if (!connection.ok()) return connection;
  const absl::Time deadline = absl::Now() + kPrepareLimit;
  const absl::StatusOr<RemoteRunner> runner = UploadRunner(
      **connection, options_.runners, options_.runner_directory, deadline);
  if (!runner.ok()) return runner.status();
  mark_ = RandomUuid();
  before_mark_.clear();
  const absl::Status started =
      (*connection)
          ->StartProgram(LineCommand(options_, *runner, mark_), deadline);
  if (!started.ok()) return started;
  return connection;
}

absl::Status HostLink::Pump(SshConnection& connection) {
  const absl::Duration began = clock_.Monotonic();
  absl::Duration ticked = began;
  absl::Duration kept_alive = began;
  std::optional<absl::Duration> leaving;
  while (true) {
    absl::Status sent = Send(connection);
    if (!sent.ok()) return sent;
    const absl::StatusOr<bool> more = Receive(connection);
    if (!more.ok()) return more.status();
    const absl::Duration now = clock_.Monotonic();
    if (!announced_ && talk_->welcomed()) {
      announced_ = true;
      SetStatus(absl::OkStatus());
      Tell(resumes_ ? HostLinkEvent::kResumed : HostLinkEvent::kConnected);
      LogInfo("the SSH host is connected", {{"host", options_.target.host}});
    }
    if (!announced_ && now - began > kWelcomeLimit) {
      return absl::UnavailableError("the host program does not answer");
    }
    if (now - kept_alive >= options_.keepalive_interval) {
      kept_alive = now;
      const absl::Status alive = connection.SendKeepalive();
      if (!alive.ok()) return alive;
    }
    if (now - ticked >= kTick) {
      ticked = now;
      if (announced_ && !talk_->Tick()) {
        return absl::UnavailableError("the host is silent");
      }
    }
    if (break_asked_.exchange(false)) {
      return absl::UnavailableError("the connection was broken");
    }
    if (stopping()) {
      // The host closes the line once it has left.
      if (!announced_) return absl::OkStatus();
      if (!leaving.has_value()) leaving = now;
      if (now - *leaving > kLeaveLimit) return absl::OkStatus();
    }
    if (!*more) WaitForSomething(connection);
  }
}

absl::Status HostLink::Send(SshConnection& connection) {
  while (true) {
    if (written_ == writing_.size()) {
      written_ = 0;
      writing_.clear();
      while (writing_.size() < kWriteBytes) {
        const std::string next = talk_->NextToWrite();
        if (next.empty()) break;
        writing_ += next;
      }
      if (writing_.empty()) return absl::OkStatus();
    }
    const absl::StatusOr<std::size_t> sent =
        connection.Send(absl::string_view(writing_).substr(written_));
    if (!sent.ok()) return sent.status();
    if (*sent == 0) return absl::OkStatus();
    written_ += *sent;
  }
}

absl::Status HostLink::Take(absl::string_view bytes) {
  if (mark_.empty()) return talk_->Receive(bytes);
  absl::StrAppend(&before_mark_, bytes);
  const std::size_t at = before_mark_.find(mark_);
  if (at == std::string::npos) {
    return before_mark_.size() <= kMaxBeforeMark
               ? absl::OkStatus()
               : absl::UnavailableError(
                     "the login shell of the host says too much");
  }
  const std::string rest = before_mark_.substr(at + mark_.size());
  mark_.clear();
  before_mark_.clear();
  return talk_->Receive(rest);
}

absl::StatusOr<bool> HostLink::Receive(SshConnection& connection) {
  std::array<char, kReadBytes> buffer;
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    const auto received = connection.Receive(buffer.data(), buffer.size());
    if (!received.ok()) return received.status();
    if (!received->has_value()) return false;
    const absl::string_view bytes(buffer.data(), (*received)->size);
    if (bytes.empty()) {
      return absl::UnavailableError("the host program closed the line");
    }
    if ((*received)->source == Source::kErrors) {
      absl::StrAppend(&complaint_,
                      bytes.substr(0, kMaxComplaintBytes - complaint_.size()));
      continue;
    }
    const absl::Status taken = Take(bytes);
    if (!taken.ok()) return taken;
  }
  return true;
}

void HostLink::WaitForSomething(const SshConnection& connection) const {
  std::array<pollfd, 2> waits{
      pollfd{connection.fd(), static_cast<short>(connection.poll_events()), 0},
      pollfd{wake_->fd(), POLLIN, 0}};
  poll(waits.data(), waits.size(),
       static_cast<int>(absl::ToInt64Milliseconds(kTick)));
  wake_->Clear();
}

}  // namespace airlock::executor
