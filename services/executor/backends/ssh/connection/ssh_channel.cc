#include "services/executor/backends/ssh/connection/ssh_channel.h"

#include <poll.h>

#include <array>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

// What the host may send before it is read: a fast line needs this much.
constexpr unsigned int kWindowBytes = 1U << 20U;
constexpr unsigned int kPacketBytes = 32768;
// libssh2 sends no more than this at a time.
constexpr std::size_t kMaxSendBytes = 32000;
// What one look finds was left by the one before; a host that sends what
// nobody reads cannot keep us here.
constexpr int kMaxLooks = 8;
// Of libssh2_poll_channel_read().
constexpr int kBothStreams = 1;

// Signal names are of the protocol: without "SIG".
int SignalNumber(absl::string_view name) {
  constexpr std::array<std::pair<absl::string_view, int>, 13> kSignals = {
      {{"ABRT", SIGABRT},
       {"ALRM", SIGALRM},
       {"BUS", SIGBUS},
       {"FPE", SIGFPE},
       {"HUP", SIGHUP},
       {"ILL", SIGILL},
       {"INT", SIGINT},
       {"KILL", SIGKILL},
       {"PIPE", SIGPIPE},
       {"QUIT", SIGQUIT},
       {"SEGV", SIGSEGV},
       {"TERM", SIGTERM},
       {"USR1", SIGUSR1}}};
  for (const auto& [known, number] : kSignals) {
    if (known == name) return number;
  }
  return 127;
}

// Nothing came, for this reason or for none.
absl::StatusOr<std::optional<Received>> OnlyIfWrong(
    const absl::Status& status) {
  if (!status.ok()) return status;
  return std::nullopt;
}

unsigned int Size(absl::string_view text) {
  return static_cast<unsigned int>(text.size());
}

}  // namespace

absl::Status SshChannel::OpenSession(absl::Time deadline) {
  LIBSSH2_SESSION* session = library_.session();
  constexpr absl::string_view kType = "session";
  const auto open = [&] {
    channel_ = libssh2_channel_open_ex(session, kType.data(), Size(kType),
                                       kWindowBytes, kPacketBytes, nullptr, 0);
    return is_open() ? 0 : libssh2_session_last_errno(session);
  };
  const absl::StatusOr<int> code =
      library_.Repeat(open, deadline, "a channel was opened");
  if (!code.ok()) return code.status();
  if (*code == 0) return absl::OkStatus();
  if (*code != LIBSSH2_ERROR_CHANNEL_FAILURE)
    return library_.Lost("opening a channel");
  return MakeError(absl::StatusCode::kUnavailable, "SSH_CHANNEL_REFUSED",
                   absl::StrCat(library_.place(),
                                " gives no channel: MaxSessions of its "
                                "sshd_config must be 1 at least, and the "
                                "account must be allowed to run programs"),
                   {{"address", library_.place()}});
}

absl::Status SshChannel::Open(const std::string& command, absl::Time deadline) {
  absl::Status opened = OpenSession(deadline);
  if (!opened.ok()) return opened;
  constexpr absl::string_view kRequest = "exec";
  const auto start = [&] {
    return libssh2_channel_process_startup(channel_, kRequest.data(),
                                           Size(kRequest), command.c_str(),
                                           Size(command));
  };
  const absl::StatusOr<int> code =
      library_.Repeat(start, deadline, "a program started");
  if (!code.ok()) return code.status();
  if (*code == 0) return absl::OkStatus();
  if (*code != LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
    return library_.Lost("a program started");
  }
  const auto free = [&] { return libssh2_channel_free(channel_); };
  const absl::StatusOr<int> freed =
      library_.Repeat(free, deadline, "a channel closed");
  if (!freed.ok()) return freed.status();
  channel_ = nullptr;
  return MakeError(absl::StatusCode::kUnavailable, "SSH_CHANNEL_REFUSED",
                   absl::StrCat(library_.place(),
                                " does not start programs for this "
                                "account: its sshd must allow \"exec\""),
                   {{"address", library_.place()}});
}

absl::Status SshChannel::EndInput(absl::Time deadline) {
  const auto end = [&] { return libssh2_channel_send_eof(channel_); };
  const absl::StatusOr<int> code =
      library_.Repeat(end, deadline, "the input ended");
  if (!code.ok()) return code.status();
  return *code == 0 ? absl::OkStatus() : library_.Lost("the input ended");
}

std::optional<int> SshChannel::exit_code() {
  if (channel_ == nullptr) return std::nullopt;
  library_.BeginTurn();
  if (libssh2_channel_eof(channel_) != 1 ||
      libssh2_channel_wait_closed(channel_) != 0) {
    return std::nullopt;
  }
  char* name = nullptr;
  std::size_t size = 0;
  libssh2_channel_get_exit_signal(channel_, &name, &size, nullptr, nullptr,
                                  nullptr, nullptr);
  if (name == nullptr) return libssh2_channel_get_exit_status(channel_);
  const int code = 128 + SignalNumber(absl::string_view(name, size));
  libssh2_free(library_.session(), name);
  return code;
}

absl::Status SshChannel::FinishSending(absl::Time deadline) {
  absl::Status flushed;
  const auto finish = [&] {
    flushed = Flush();
    return send_waits_ ? LIBSSH2_ERROR_EAGAIN : 0;
  };
  const absl::StatusOr<int> code = library_.Repeat(finish, deadline, "sending");
  in_flight_.clear();
  return code.ok() ? flushed : code.status();
}

absl::StatusOr<int> SshChannel::Close(absl::Time deadline) {
  absl::Status finished = FinishSending(deadline);
  if (!finished.ok()) return finished;
  const auto closed = [&] { return libssh2_channel_wait_closed(channel_); };
  const absl::StatusOr<int> code =
      library_.Repeat(closed, deadline, "a program ended");
  if (!code.ok()) return code.status();
  const std::optional<int> exit_status = exit_code();
  if (*code != 0 || !exit_status.has_value())
    return library_.Lost("a program ended");
  const auto free = [&] { return libssh2_channel_free(channel_); };
  const absl::StatusOr<int> freed =
      library_.Repeat(free, deadline, "a channel closed");
  if (!freed.ok()) return freed.status();
  channel_ = nullptr;
  return *exit_status;
}

absl::Status SshChannel::Flush() {
  while (!in_flight_.empty()) {
    // Until it says how much it took, libssh2 wants the very same bytes again.
    const ssize_t count = libssh2_channel_write_ex(
        channel_, 0, in_flight_.data(), in_flight_.size());
    send_waits_ = count == LIBSSH2_ERROR_EAGAIN && library_.socket_is_full();
    if (count == LIBSSH2_ERROR_EAGAIN || count == 0) return absl::OkStatus();
    if (count < 0) return library_.Lost("sending");
    in_flight_.erase(0, static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> SshChannel::Send(absl::string_view bytes) {
  if (receive_waits_) return std::size_t{0};
  library_.BeginTurn();
  absl::Status flushed = Flush();
  if (!flushed.ok()) return flushed;
  if (!in_flight_.empty()) return std::size_t{0};
  in_flight_ = std::string(bytes.substr(0, kMaxSendBytes));
  const std::size_t taken = in_flight_.size();
  flushed = Flush();
  if (!flushed.ok()) return flushed;
  return taken;
}

absl::StatusOr<std::optional<Received>> SshChannel::TakeQueued(
    char* buffer, std::size_t size) {
  bool ended = true;
  for (const Source source : {Source::kOutput, Source::kErrors}) {
    const ssize_t count = libssh2_channel_read_ex(
        channel_, static_cast<int>(source), buffer, size);
    receive_waits_ = count == LIBSSH2_ERROR_EAGAIN && library_.socket_is_full();
    if (count > 0) return Received{source, static_cast<std::size_t>(count)};
    if (count < 0 && count != LIBSSH2_ERROR_EAGAIN)
      return library_.Lost("receiving");
    if (receive_waits_) return std::nullopt;
    ended = ended && count == 0;
  }
  if (ended) return Received{};
  return std::nullopt;
}

absl::StatusOr<std::optional<Received>> SshChannel::Receive(char* buffer,
                                                            std::size_t size) {
  library_.BeginTurn();
  if (send_waits_) {
    absl::Status flushed = Flush();
    if (!flushed.ok() || send_waits_) return OnlyIfWrong(flushed);
  }
  for (int look = 0; look < kMaxLooks; ++look) {
    absl::StatusOr<std::optional<Received>> taken = TakeQueued(buffer, size);
    if (!taken.ok() || taken->has_value() || receive_waits_) return taken;
    // What came may have made room for what waits to be sent.
    absl::Status flushed = Flush();
    if (!flushed.ok() || send_waits_) return OnlyIfWrong(flushed);
    // Each look at one stream, and each packet sent, takes from the socket
    // what there is for both. The socket will not tell of it again.
    if (libssh2_poll_channel_read(channel_, kBothStreams) <= 0 &&
        libssh2_channel_eof(channel_) != 1) {
      break;
    }
  }
  return std::nullopt;
}

absl::Status SshChannel::SendKeepalive() {
  // A small packet goes as a whole or not at all only if there is room.
  if (in_packet() || !library_.socket().Wait(POLLOUT, absl::InfinitePast())) {
    return absl::OkStatus();
  }
  int next = 0;
  const int code = libssh2_keepalive_send(library_.session(), &next);
  return code == 0 ? absl::OkStatus() : library_.Lost("keeping it alive");
}

int SshChannel::poll_events() const { return in_packet() ? POLLOUT : POLLIN; }

}  // namespace airlock::executor
