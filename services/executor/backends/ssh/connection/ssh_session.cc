#include "services/executor/backends/ssh/connection/ssh_session.h"

#include <libssh2.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kMaxShownMethods = 200;

constexpr const char* kKeyExchanges =
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
    "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,"
    "diffie-hellman-group-exchange-sha256";
constexpr const char* kCiphers = "aes128-ctr,aes256-ctr,aes192-ctr";
constexpr const char* kMacs = "hmac-sha2-256,hmac-sha2-512";

unsigned int Size(absl::string_view text) {
  return static_cast<unsigned int>(text.size());
}

}  // namespace

SshSession::SshSession(HostSocket socket, std::string place)
    : library_(std::move(socket), std::move(place)), channel_(library_) {}

SshSession::~SshSession() {
  if (library_.session() == nullptr || channel_.in_packet()) return;
  library_.BeginTurn();
  libssh2_session_disconnect_ex(library_.session(),
                                SSH_DISCONNECT_BY_APPLICATION, "", "");
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
    if (libssh2_session_method_pref(library_.session(), method, names) != 0) {
      return absl::InternalError("libssh2 lacks a method that is needed");
    }
  }
  return absl::OkStatus();
}

absl::Status SshSession::Handshake(const std::vector<std::string>& algorithms,
                                   absl::Time deadline) {
  absl::Status started = library_.Start();
  if (!started.ok()) return started;
  LIBSSH2_SESSION* session = library_.session();
  absl::Status methods = SetMethods(algorithms);
  if (!methods.ok()) return methods;
  const auto shake_hands = [&] {
    return libssh2_session_handshake(session, library_.socket().fd());
  };
  const absl::StatusOr<int> code =
      library_.Repeat(shake_hands, deadline, "the SSH handshake ran");
  if (!code.ok()) return code.status();
  if (*code == 0) return absl::OkStatus();
  if (*code != LIBSSH2_ERROR_KEX_FAILURE &&
      *code != LIBSSH2_ERROR_METHOD_NONE) {
    return library_.Lost("the SSH handshake ran");
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "SSH_NO_COMMON_METHOD",
      absl::StrCat(library_.place(), " offers no host key of the types ",
                   absl::StrJoin(algorithms, ", "), ", or none of the ciphers ",
                   kCiphers, " with ", kMacs),
      {{"address", library_.place()}});
}

HostKey SshSession::host_key() const {
  std::size_t size = 0;
  int type = 0;
  const char* wire = libssh2_session_hostkey(library_.session(), &size, &type);
  return HostKey(absl::string_view(wire, wire == nullptr ? 0 : size));
}

absl::StatusOr<std::string> SshSession::AskMethods(const std::string& username,
                                                   absl::Time deadline) {
  LIBSSH2_SESSION* session = library_.session();
  const char* methods = nullptr;
  const auto ask = [&] {
    if (libssh2_userauth_authenticated(session) != 0) return 0;
    methods = libssh2_userauth_list(session, username.c_str(), Size(username));
    if (methods != nullptr || libssh2_userauth_authenticated(session) != 0) {
      return 0;
    }
    return libssh2_session_last_errno(session);
  };
  const absl::StatusOr<int> code = library_.Repeat(ask, deadline, "logging in");
  if (!code.ok()) return code.status();
  if (methods != nullptr) return std::string(methods);
  // The host lets everybody in.
  if (libssh2_userauth_authenticated(session) != 0) return std::string();
  return library_.Lost("logging in");
}

absl::Status SshSession::Refused(const std::string& username,
                                 const std::string& methods) const {
  const bool takes_keys = absl::StrContains(methods, "publickey");
  const std::string shown =
      absl::CHexEscape(methods.substr(0, kMaxShownMethods));
  return MakeError(
      absl::StatusCode::kPermissionDenied, "AUTH_REFUSED",
      absl::StrCat(
          library_.place(), " does not let \"", username, "\" in: ",
          takes_keys
              ? "it does not accept the key of sandbox.ssh.privateKeyPath; add "
                "the public key to the account's authorized_keys"
              : "it accepts no keys, which is the only way we log in; allow "
                "PubkeyAuthentication in its sshd_config",
          " (it offers: ", shown, ")"),
      {{"address", library_.place()}, {"offered", shown}});
}

absl::Status SshSession::LogIn(const std::string& username, const SshKey& key,
                               absl::Time deadline) {
  absl::StatusOr<std::string> methods = AskMethods(username, deadline);
  if (!methods.ok()) return methods.status();
  LIBSSH2_SESSION* session = library_.session();
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
  const absl::StatusOr<int> code =
      library_.Repeat(log_in, deadline, "logging in");
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
      return library_.Lost("logging in");
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

}  // namespace airlock::executor
