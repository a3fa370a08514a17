#include "services/executor/backends/ssh/connection/ssh_session.h"

#include <libssh2.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/connection/session_memory.h"

namespace airlock::executor {
namespace {

// What the host may send before it is read: a fast line needs this much.
constexpr unsigned int kWindowBytes = 1U << 20U;
constexpr unsigned int kPacketBytes = 32768;
// libssh2 sends no more than this at a time.
constexpr std::size_t kMaxSendBytes = 32000;
// Enough tries to free a session whose socket is closed.
constexpr int kFreeTries = 100;
constexpr std::size_t kMaxShownMethods = 200;
// What one look finds was left by the one before; a host that sends what
// nobody reads cannot keep us here.
constexpr int kMaxLooks = 8;
// Of libssh2_poll_channel_read().
constexpr int kBothStreams = 1;

constexpr const char* kKeyExchanges =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
    "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,"
    "diffie-hellman-group-exchange-sha256";
constexpr const char* kCiphers = "aes128-ctr,aes256-ctr,aes192-ctr";
constexpr const char* kMacs = "hmac-sha2-256,hmac-sha2-512";

// Once for the process, as libssh2 wants it.
bool StartLibrary() {
  static const bool started = libssh2_init(0) == 0;
  return started;
}

struct FreeSession {
  void operator()(LIBSSH2_SESSION* session) const {
    for (int i = 0; i < kFreeTries; ++i) {
      if (libssh2_session_free(session) != LIBSSH2_ERROR_EAGAIN) return;
    }
  }
};

SessionMemory& MemoryOf(void** abstract) {
  return *static_cast<SessionMemory*>(*abstract);
}

void* Allocate(std::size_t size, void** abstract) {
  return MemoryOf(abstract).Allocate(size);
}

void* Reallocate(void* block, std::size_t size, void** abstract) {
  return MemoryOf(abstract).Reallocate(block, size);
}

void Free(void* block, void** abstract) { MemoryOf(abstract).Free(block); }

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

struct SshSession::Library {
  SessionMemory memory;
  std::unique_ptr<LIBSSH2_SESSION, FreeSession> session;
  // Of `session`, which frees it. Null: no channel.
  LIBSSH2_CHANNEL* channel = nullptr;
};

SshSession::SshSession(HostSocket socket, std::string place)
    : socket_(std::move(socket)),
      place_(std::move(place)),
      library_(std::make_unique<Library>()) {}

SshSession::~SshSession() {
  LIBSSH2_SESSION* session = library_->session.get();
  if (session == nullptr) return;
  if (!send_waits_ && !receive_waits_) {
    libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "",
                                  "");
  }
  // With a dead socket nothing that frees it waits.
  socket_.ShutDown();
}

absl::Status SshSession::Lost(absl::string_view what) const {
  char* text = nullptr;
  int size = 0;
  const int error = libssh2_session_last_error(library_->session.get(), &text,
                                               &size, /*want_buf=*/0);
  return MakeError(
      absl::StatusCode::kUnavailable, "SSH_LOST",
      absl::StrCat("the connection to ", place_, " broke while ", what, ": ",
                   text == nullptr ? "" : text, " (", error, ")"),
      {{"address", place_}});
}

template <typename Step>
absl::StatusOr<int> SshSession::Repeat(Step step, absl::Time deadline,
                                       absl::string_view what) {
  while (true) {
    const int code = step();
    if (code != LIBSSH2_ERROR_EAGAIN) return code;
    // With a packet half sent nothing else goes on.
    const int events = socket_is_full() ? POLLOUT : POLLIN;
    // A socket that is always ready says nothing of the time.
    if (absl::Now() >= deadline || !WaitForSocket(fd(), events, deadline)) {
      return MakeError(
          absl::StatusCode::kDeadlineExceeded, "SSH_TIMEOUT",
          absl::StrCat(place_, " did not answer in time while ", what),
          {{"address", place_}});
    }
  }
}

absl::Status SshSession::SetMethods(
    const std::vector<std::string>& algorithms) {
  const std::string host_keys = absl::StrJoin(algorithms, ",");
  const std::array<std::pair<int, const char*>, 6> methods = {
      {{LIBSSH2_METHOD_HOSTKEY, host_keys.c_str()},
       {LIBSSH2_METHOD_KEX, kKeyExchanges},
       {LIBSSH2_METHOD_CRYPT_CS, kCiphers},
       {LIBSSH2_METHOD_CRYPT_SC, kCiphers},
       {LIBSSH2_METHOD_MAC_CS, kMacs},
       {LIBSSH2_METHOD_MAC_SC, kMacs}}};
  for (const auto& [method, names] : methods) {
    if (libssh2_session_method_pref(library_->session.get(), method, names) !=
        0) {
      return absl::InternalError("libssh2 lacks a method that is needed");
    }
  }
  return absl::OkStatus();
}

absl::Status SshSession::Handshake(const std::vector<std::string>& algorithms,
                                   absl::Time deadline) {
  if (!StartLibrary()) return absl::InternalError("libssh2 does not start");
  library_->session.reset(
      libssh2_session_init_ex(Allocate, Free, Reallocate, &library_->memory));
  LIBSSH2_SESSION* session = library_->session.get();
  if (session == nullptr) return absl::ResourceExhaustedError("no memory");
  libssh2_session_set_blocking(session, 0);
  // No answers are asked for: libssh2 would keep every one of them.
  libssh2_keepalive_config(session, /*want_reply=*/0, /*interval=*/2);
  absl::Status methods = SetMethods(algorithms);
  if (!methods.ok()) return methods;
  const absl::StatusOr<int> code =
      Repeat([&] { return libssh2_session_handshake(session, fd()); }, deadline,
             "the SSH handshake ran");
  if (!code.ok()) return code.status();
  if (*code == 0) return absl::OkStatus();
  if (*code != LIBSSH2_ERROR_KEX_FAILURE &&
      *code != LIBSSH2_ERROR_METHOD_NONE) {
    return Lost("the SSH handshake ran");
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "SSH_NO_COMMON_METHOD",
      absl::StrCat(place_, " offers no host key of the types ",
                   absl::StrJoin(algorithms, ", "), ", or none of the ciphers ",
                   kCiphers, " with ", kMacs),
      {{"address", place_}});
}

HostKey SshSession::host_key() const {
  std::size_t size = 0;
  int type = 0;
  const char* wire =
      libssh2_session_hostkey(library_->session.get(), &size, &type);
  return HostKey(absl::string_view(wire, wire == nullptr ? 0 : size));
}

absl::StatusOr<std::string> SshSession::AskMethods(const std::string& username,
                                                   absl::Time deadline) {
  LIBSSH2_SESSION* session = library_->session.get();
  const char* methods = nullptr;
  const auto ask = [&] {
    if (libssh2_userauth_authenticated(session) != 0) return 0;
    methods = libssh2_userauth_list(session, username.c_str(), Size(username));
    if (methods != nullptr || libssh2_userauth_authenticated(session) != 0) {
      return 0;
    }
    return libssh2_session_last_errno(session);
  };
  const absl::StatusOr<int> code = Repeat(ask, deadline, "logging in");
  if (!code.ok()) return code.status();
  if (methods != nullptr) return std::string(methods);
  // The host lets everybody in.
  if (libssh2_userauth_authenticated(session) != 0) return std::string();
  return Lost("logging in");
}

absl::Status SshSession::Refused(const std::string& username,
                                 const std::string& methods) const {
  const bool takes_keys = absl::StrContains(methods, "publickey");
  const std::string shown =
      absl::CHexEscape(methods.substr(0, kMaxShownMethods));
  return MakeError(
      absl::StatusCode::kPermissionDenied, "AUTH_REFUSED",
      absl::StrCat(
          place_, " does not let \"", username, "\" in: ",
          takes_keys
              ? "it does not accept the key of sandbox.ssh.privateKeyPath; add "
                "the public key to the account's authorized_keys"
              : "it accepts no keys, which is the only way we log in; allow "
                "PubkeyAuthentication in its sshd_config",
          " (it offers: ", shown, ")"),
      {{"address", place_}, {"offered", shown}});
}

absl::Status SshSession::LogIn(const std::string& username, const SshKey& key,
                               absl::Time deadline) {
  absl::StatusOr<std::string> methods = AskMethods(username, deadline);
  if (!methods.ok()) return methods.status();
  LIBSSH2_SESSION* session = library_->session.get();
  if (libssh2_userauth_authenticated(session) != 0) return absl::OkStatus();
  if (!absl::StrContains(*methods, "publickey")) {
    return Refused(username, *methods);
  }
  const std::string& text = key.text.Reveal();
  const auto log_in = [&] {
    return libssh2_userauth_publickey_frommemory(
        session, username.c_str(), username.size(), nullptr, 0, text.c_str(),
        text.size(), key.passphrase.Reveal().c_str());
  };
  const absl::StatusOr<int> code = Repeat(log_in, deadline, "logging in");
  if (!code.ok()) return code.status();
  switch (*code) {
    case 0:
      break;
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
      return Refused(username, *methods);
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_SEND:
    case LIBSSH2_ERROR_SOCKET_RECV:
      return Lost("logging in");
    default:
      return MakeError(
          absl::StatusCode::kFailedPrecondition, "PRIVATE_KEY_UNUSABLE",
          key.encrypted
              ? "sandbox.ssh.passphrasePath: the passphrase does not open the "
                "key of sandbox.ssh.privateKeyPath"
              : "sandbox.ssh.privateKeyPath: the key cannot be read; make "
                "another one with ssh-keygen -t ed25519");
  }
  // A second factor may be wanted, which we have not.
  if (libssh2_userauth_authenticated(session) == 0) {
    return Refused(username, *methods);
  }
  return absl::OkStatus();
}

bool SshSession::has_channel() const { return library_->channel != nullptr; }

absl::Status SshSession::OpenSessionChannel(absl::Time deadline) {
  LIBSSH2_SESSION* session = library_->session.get();
  constexpr absl::string_view kType = "session";
  const auto open = [&] {
    library_->channel =
        libssh2_channel_open_ex(session, kType.data(), Size(kType),
                                kWindowBytes, kPacketBytes, nullptr, 0);
    return has_channel() ? 0 : libssh2_session_last_errno(session);
  };
  const absl::StatusOr<int> code =
      Repeat(open, deadline, "a channel was opened");
  if (!code.ok()) return code.status();
  if (*code == 0) return absl::OkStatus();
  if (*code != LIBSSH2_ERROR_CHANNEL_FAILURE) return Lost("opening a channel");
  return MakeError(absl::StatusCode::kUnavailable, "SSH_CHANNEL_REFUSED",
                   absl::StrCat(place_,
                                " gives no channel: MaxSessions of its "
                                "sshd_config must be 1 at least, and the "
                                "account must be allowed to run programs"),
                   {{"address", place_}});
}

absl::Status SshSession::OpenChannel(const std::string& command,
                                     absl::Time deadline) {
  absl::Status opened = OpenSessionChannel(deadline);
  if (!opened.ok()) return opened;
  constexpr absl::string_view kRequest = "exec";
  const auto start = [&] {
    return libssh2_channel_process_startup(library_->channel, kRequest.data(),
                                           Size(kRequest), command.c_str(),
                                           Size(command));
  };
  const absl::StatusOr<int> code = Repeat(start, deadline, "a program started");
  if (!code.ok()) return code.status();
  if (*code == 0) return absl::OkStatus();
  if (*code != LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) {
    return Lost("a program started");
  }
  const auto free = [&] { return libssh2_channel_free(library_->channel); };
  const absl::StatusOr<int> freed = Repeat(free, deadline, "a channel closed");
  if (!freed.ok()) return freed.status();
  library_->channel = nullptr;
  return MakeError(absl::StatusCode::kUnavailable, "SSH_CHANNEL_REFUSED",
                   absl::StrCat(place_,
                                " does not start programs for this "
                                "account: its sshd must allow \"exec\""),
                   {{"address", place_}});
}

absl::Status SshSession::EndInput(absl::Time deadline) {
  const auto end = [&] { return libssh2_channel_send_eof(library_->channel); };
  const absl::StatusOr<int> code = Repeat(end, deadline, "the input ended");
  if (!code.ok()) return code.status();
  return *code == 0 ? absl::OkStatus() : Lost("the input ended");
}

std::optional<int> SshSession::exit_code() {
  LIBSSH2_CHANNEL* channel = library_->channel;
  if (channel == nullptr || libssh2_channel_eof(channel) != 1 ||
      libssh2_channel_wait_closed(channel) != 0) {
    return std::nullopt;
  }
  char* name = nullptr;
  std::size_t size = 0;
  libssh2_channel_get_exit_signal(channel, &name, &size, nullptr, nullptr,
                                  nullptr, nullptr);
  if (name == nullptr) return libssh2_channel_get_exit_status(channel);
  const int code = 128 + SignalNumber(absl::string_view(name, size));
  libssh2_free(library_->session.get(), name);
  return code;
}

absl::Status SshSession::FinishSending(absl::Time deadline) {
  absl::Status flushed;
  const auto finish = [&] {
    flushed = Flush();
    return send_waits_ ? LIBSSH2_ERROR_EAGAIN : 0;
  };
  const absl::StatusOr<int> code = Repeat(finish, deadline, "sending");
  in_flight_.clear();
  return code.ok() ? flushed : code.status();
}

absl::StatusOr<int> SshSession::CloseChannel(absl::Time deadline) {
  LIBSSH2_CHANNEL* channel = library_->channel;
  absl::Status finished = FinishSending(deadline);
  if (!finished.ok()) return finished;
  const auto closed = [&] { return libssh2_channel_wait_closed(channel); };
  const absl::StatusOr<int> code = Repeat(closed, deadline, "a program ended");
  if (!code.ok()) return code.status();
  const std::optional<int> exit_status = exit_code();
  if (*code != 0 || !exit_status.has_value()) return Lost("a program ended");
  const auto free = [&] { return libssh2_channel_free(channel); };
  const absl::StatusOr<int> freed = Repeat(free, deadline, "a channel closed");
  if (!freed.ok()) return freed.status();
  library_->channel = nullptr;
  return *exit_status;
}

bool SshSession::socket_is_full() const {
  return (libssh2_session_block_directions(library_->session.get()) &
          LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
}

absl::Status SshSession::Flush() {
  while (!in_flight_.empty()) {
    // Until it says how much it took, libssh2 wants the very same bytes again.
    const ssize_t count = libssh2_channel_write_ex(
        library_->channel, 0, in_flight_.data(), in_flight_.size());
    send_waits_ = count == LIBSSH2_ERROR_EAGAIN && socket_is_full();
    if (count == LIBSSH2_ERROR_EAGAIN || count == 0) return absl::OkStatus();
    if (count < 0) return Lost("sending");
    in_flight_.erase(0, static_cast<std::size_t>(count));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> SshSession::Send(absl::string_view bytes) {
  if (receive_waits_) return std::size_t{0};
  absl::Status flushed = Flush();
  if (!flushed.ok()) return flushed;
  if (!in_flight_.empty()) return std::size_t{0};
  in_flight_ = std::string(bytes.substr(0, kMaxSendBytes));
  const std::size_t taken = in_flight_.size();
  flushed = Flush();
  if (!flushed.ok()) return flushed;
  return taken;
}

absl::StatusOr<std::optional<Received>> SshSession::TakeQueued(
    char* buffer, std::size_t size) {
  bool ended = true;
  for (const Source source : {Source::kOutput, Source::kErrors}) {
    const ssize_t count = libssh2_channel_read_ex(
        library_->channel, static_cast<int>(source), buffer, size);
    receive_waits_ = count == LIBSSH2_ERROR_EAGAIN && socket_is_full();
    if (count > 0) return Received{source, static_cast<std::size_t>(count)};
    if (count < 0 && count != LIBSSH2_ERROR_EAGAIN) return Lost("receiving");
    if (receive_waits_) return std::nullopt;
    ended = ended && count == 0;
  }
  if (ended) return Received{};
  return std::nullopt;
}

absl::StatusOr<std::optional<Received>> SshSession::Receive(char* buffer,
                                                            std::size_t size) {
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
    if (libssh2_poll_channel_read(library_->channel, kBothStreams) <= 0 &&
        libssh2_channel_eof(library_->channel) != 1) {
      break;
    }
  }
  return std::nullopt;
}

absl::Status SshSession::SendKeepalive() {
  // A small packet goes as a whole or not at all only if there is room.
  if (send_waits_ || receive_waits_ ||
      !WaitForSocket(fd(), POLLOUT, absl::InfinitePast())) {
    return absl::OkStatus();
  }
  int next = 0;
  const int code = libssh2_keepalive_send(library_->session.get(), &next);
  return code == 0 ? absl::OkStatus() : Lost("keeping it alive");
}

int SshSession::poll_events() const {
  return send_waits_ || receive_waits_ ? POLLOUT : POLLIN;
}

}  // namespace airlock::executor
