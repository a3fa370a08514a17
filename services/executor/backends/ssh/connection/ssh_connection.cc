#include "services/executor/backends/ssh/connection/ssh_connection.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/host_key.h"
#include "services/executor/backends/ssh/connection/host_socket.h"
#include "services/executor/backends/ssh/connection/host_trust.h"
#include "services/executor/backends/ssh/connection/shell_words.h"
#include "services/executor/backends/ssh/connection/ssh_key.h"
#include "services/executor/backends/ssh/connection/ssh_session.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kForgetting = absl::Seconds(3);
constexpr absl::Duration kRetryPause = absl::Milliseconds(5);

absl::StatusOr<std::unique_ptr<SshSession>> Meet(
    const SshTarget& target, const std::vector<std::string>& algorithms,
    absl::Time deadline, const WakeUp* stop) {
  absl::StatusOr<HostSocket> socket =
      HostSocket::Connect(target.host, target.port, deadline, stop);
  if (!socket.ok()) return socket.status();
  auto session = std::make_unique<SshSession>(
      *std::move(socket), absl::StrCat(target.host, ":", target.port));
  absl::Status status = session->Handshake(algorithms, deadline);
  if (!status.ok()) return status;
  return session;
}

// A session with a host that proved who it is. Nothing was said about us yet.
absl::StatusOr<std::unique_ptr<SshSession>> MeetTrusted(const SshTarget& target,
                                                        absl::Time deadline,
                                                        const WakeUp* stop) {
  absl::StatusOr<HostTrust> trust = HostTrust::Load(target);
  if (!trust.ok()) return trust.status();
  std::vector<std::string> algorithms = trust->algorithms();
  absl::Status refusal;
  while (!algorithms.empty()) {
    auto session = Meet(target, algorithms, deadline, stop);
    // Asked for a key of another type, it has none.
    if (!refusal.ok() && absl::IsFailedPrecondition(session.status())) break;
    if (!session.ok()) return session.status();
    const HostKey key = (*session)->host_key();
    absl::Status trusted = trust->Check(key);
    if (trusted.ok()) return session;
    if (refusal.ok()) refusal = trusted;
    // A fingerprint does not tell the type: it may be of another key of the
    // same host. With known_hosts files the known type was asked for first.
    const auto offered =
        std::find(algorithms.begin(), algorithms.end(), key.type());
    if (!trust->pinned() || offered == algorithms.end()) break;
    algorithms.erase(offered);
  }
  return refusal;
}

// One command from its start to its end. Lives for one call of Run().
class CommandRun {
 public:
  CommandRun(SshSession& session, absl::string_view input, absl::Time deadline)
      : session_(session), input_(input), deadline_(deadline) {}

  absl::StatusOr<CommandEnd> Finish() {
    while (!ended_) {
      absl::Status step = Step();
      if (!step.ok()) return step;
    }
    const absl::StatusOr<int> code = channel().Close(deadline_);
    if (!code.ok()) return code.status();
    end_.exit_code = *code;
    return std::move(end_);
  }

 private:
  absl::Status Step() {
    // Also while there is always something: a host may never stop talking.
    if (session_.socket().IsTooLate(deadline_)) return TooLate();
    bool moved = false;
    absl::Status given = Give(moved);
    if (!given.ok()) return given;
    const auto received = channel().Receive(buffer_.data(), buffer_.size());
    if (!received.ok()) return received.status();
    if (received->has_value()) {
      Keep(**received);
    } else if (!moved &&
               !session_.socket().Wait(channel().poll_events(), deadline_)) {
      return TooLate();
    }
    return absl::OkStatus();
  }

  static absl::Status TooLate() {
    return MakeError(absl::StatusCode::kDeadlineExceeded, "SSH_TIMEOUT",
                     "a command on the SSH host did not end in time; it may "
                     "still run");
  }

  SshChannel& channel() { return session_.channel(); }

  void Keep(const Received& received) {
    ended_ = received.size == 0;
    std::string& kept =
        received.source == Source::kOutput ? end_.output : end_.errors;
    kept.append(buffer_.data(),
                std::min(received.size, kMaxCommandOutput - kept.size()));
  }

  absl::Status Give(bool& moved) {
    if (input_ended_) return absl::OkStatus();
    if (!input_.empty()) {
      const absl::StatusOr<std::size_t> count = channel().Send(input_);
      if (!count.ok()) return count.status();
      moved = moved || *count > 0;
      input_.remove_prefix(*count);
      return absl::OkStatus();
    }
    if (channel().sending()) return channel().Send("").status();
    input_ended_ = true;
    return channel().EndInput(deadline_);
  }

  SshSession& session_;
  absl::string_view input_;
  const absl::Time deadline_;
  bool input_ended_ = false;
  // All output came.
  bool ended_ = false;
  CommandEnd end_;
  std::array<char, 16384> buffer_{};
};

absl::Status NoProgram() {
  return absl::FailedPreconditionError(
      "no program was started over this SSH connection");
}

}  // namespace

SshConnection::SshConnection(std::unique_ptr<SshSession> session)
    : session_(std::move(session)) {}

SshConnection::~SshConnection() = default;

absl::StatusOr<std::unique_ptr<SshConnection>> SshConnection::Dial(
    const SshTarget& target, absl::Time deadline, const WakeUp* stop) {
  deadline = std::min(deadline, absl::Now() + target.connect_timeout);
  absl::StatusOr<SshKey> key = LoadSshKey(target);
  if (!key.ok()) return key.status();
  auto session = MeetTrusted(target, deadline, stop);
  if (!session.ok()) return session.status();
  absl::Status in = (*session)->LogIn(target.username, *key, deadline);
  if (!in.ok()) return in;
  // The constructor is private.
  return std::unique_ptr<SshConnection>(new SshConnection(*std::move(session)));
}

absl::StatusOr<CommandEnd> SshConnection::Run(absl::string_view command,
                                              absl::string_view input,
                                              absl::Time deadline) {
  absl::Status started = StartProgram(command, deadline);
  if (!started.ok()) return started;
  absl::StatusOr<CommandEnd> end =
      CommandRun(*session_, input, deadline).Finish();
  last_end_ = absl::Now();
  return end;
}

absl::Status SshConnection::StartProgram(absl::string_view command,
                                         absl::Time deadline) {
  if (session_->channel().is_open()) {
    return absl::FailedPreconditionError(
        "a program runs over this SSH connection already");
  }
  // A host with MaxSessions 1 needs a moment until the last one is forgotten.
  const absl::Time patience = std::min(deadline, last_end_ + kForgetting);
  while (true) {
    absl::Status opened =
        session_->channel().Open(PosixCommand(command), deadline);
    if (ErrorReason(opened) != "SSH_CHANNEL_REFUSED" ||
        absl::Now() >= patience) {
      return opened;
    }
    absl::SleepFor(kRetryPause);
  }
}

absl::StatusOr<std::size_t> SshConnection::Send(absl::string_view bytes) {
  if (!session_->channel().is_open()) return NoProgram();
  return session_->channel().Send(bytes);
}

absl::StatusOr<std::optional<Received>> SshConnection::Receive(
    char* buffer, std::size_t size) {
  if (!session_->channel().is_open()) return NoProgram();
  return session_->channel().Receive(buffer, size);
}

std::optional<int> SshConnection::exit_code() {
  return session_->channel().exit_code();
}

int SshConnection::fd() const { return session_->socket().fd(); }

int SshConnection::poll_events() const {
  return session_->channel().poll_events();
}

absl::Status SshConnection::SendKeepalive() {
  return session_->channel().SendKeepalive();
}

}  // namespace airlock::executor
