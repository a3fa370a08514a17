#include "services/executor/backends/ssh/connection/host_trust.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/security/pem_file.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

// ssh-rsa is not among them: it signs with SHA-1.
constexpr std::array<absl::string_view, 4> kAlgorithms = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521"};

// The user this process runs as; $HOME can be anything.
std::string HomeDirectory() {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "" : std::string(found->pw_dir);
}

std::vector<std::string> KnownHostsFiles(const SshTarget& target) {
  if (!target.known_hosts_path.empty()) return {target.known_hosts_path};
  return {absl::StrCat(HomeDirectory(), "/.ssh/known_hosts"),
          "/etc/ssh/ssh_known_hosts"};
}

absl::Status Refuse(absl::string_view reason, absl::string_view message,
                    const SshTarget& target, const HostKey& offered) {
  return MakeError(absl::StatusCode::kFailedPrecondition, reason, message,
                   {{"host", KnownHostName(target.host, target.port)},
                    {"key_type", offered.type()},
                    {"fingerprint", offered.fingerprint()}});
}

// The file and the folder above it are made if missing. A last line without an
// end must not swallow ours.
bool AppendLine(const std::string& path, const std::string& line) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) {
    mkdir(path.substr(0, slash).c_str(), 0700);
  }
  const int fd = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC,
                      S_IRUSR | S_IWUSR);
  if (fd < 0) return false;
  absl::Cleanup close_fd = [fd] { close(fd); };
  char last = '\n';
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size > 0 && pread(fd, &last, 1, size - 1) != 1) return false;
  const std::string bytes = absl::StrCat(last == '\n' ? "" : "\n", line, "\n");
  return write(fd, bytes.data(), bytes.size()) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

HostTrust::HostTrust(SshTarget target, std::string first_file,
                     std::vector<KnownKey> known)
    : target_(std::move(target)),
      first_file_(std::move(first_file)),
      known_(std::move(known)) {}

absl::StatusOr<HostTrust> HostTrust::Load(const SshTarget& target) {
  const std::vector<std::string> files = KnownHostsFiles(target);
  const std::string name = KnownHostName(target.host, target.port);
  std::vector<KnownKey> known;
  for (const std::string& file : files) {
    absl::StatusOr<std::string> text = ReadSecretFile(file);
    if (absl::IsNotFound(text.status())) continue;
    if (!text.ok()) {
      return MakeError(text.status().code(), "KNOWN_HOSTS_UNREADABLE",
                       absl::StrCat("sandbox.ssh.knownHostsPath: ",
                                    text.status().message()));
    }
    for (KnownKey& key : FindKnownKeys(*text, file, name)) {
      known.push_back(std::move(key));
    }
  }
  return HostTrust(target, files.front(), std::move(known));
}

std::vector<std::string> HostTrust::algorithms() const {
  const auto is_known = [this](absl::string_view algorithm) {
    return std::any_of(known_.begin(), known_.end(), [&](const KnownKey& one) {
      return !one.revoked && one.key.type() == algorithm;
    });
  };
  std::vector<std::string> ordered(kAlgorithms.begin(), kAlgorithms.end());
  std::stable_partition(ordered.begin(), ordered.end(), is_known);
  return ordered;
}

absl::Status HostTrust::Check(const HostKey& offered) const {
  absl::Status revoked = CheckRevoked(offered);
  if (!revoked.ok()) return revoked;
  if (pinned()) return CheckPinned(offered);
  bool has_keys = false;
  for (const KnownKey& one : known_) {
    if (one.revoked) continue;
    if (one.key == offered) return absl::OkStatus();
    has_keys = true;
  }
  if (has_keys) return Changed(offered);
  if (target_.accept_new_host_keys) return Remember(offered);
  return Unknown(offered);
}

absl::Status HostTrust::CheckRevoked(const HostKey& offered) const {
  for (const KnownKey& one : known_) {
    if (!one.revoked || !(one.key == offered)) continue;
    return Refuse(
        "HOST_KEY_REVOKED",
        absl::StrCat(KnownHostName(target_.host, target_.port), " shows the ",
                     offered.type(), " key ", offered.fingerprint(), ", which ",
                     one.source,
                     " revokes: give the host a new "
                     "key, or point sandbox.ssh.host at the right one"),
        target_, offered);
  }
  return absl::OkStatus();
}

absl::Status HostTrust::CheckPinned(const HostKey& offered) const {
  if (offered.fingerprint() == target_.host_key_fingerprint) {
    return absl::OkStatus();
  }
  return Refuse(
      "HOST_KEY_CHANGED",
      absl::StrCat(
          KnownHostName(target_.host, target_.port), " shows the ",
          offered.type(), " key ", offered.fingerprint(),
          ", but sandbox.ssh.hostKeyFingerprint is ",
          target_.host_key_fingerprint,
          ": somebody may be in between; change the setting only if the host's "
          "operator confirms the new key"),
      target_, offered);
}

absl::Status HostTrust::Unknown(const HostKey& offered) const {
  return Refuse(
      "HOST_KEY_UNKNOWN",
      absl::StrCat("nothing is known of the host key of ",
                   KnownHostName(target_.host, target_.port), ", which is the ",
                   offered.type(), " key ", offered.fingerprint(),
                   ": once the host's operator confirms it, set "
                   "sandbox.ssh.hostKeyFingerprint to that, or add to ",
                   first_file_, " the line: ", Line(offered)),
      target_, offered);
}

absl::Status HostTrust::Changed(const HostKey& offered) const {
  std::vector<std::string> expected;
  for (const KnownKey& one : known_) {
    if (one.revoked) continue;
    expected.push_back(absl::StrCat(one.key.type(), " ", one.key.fingerprint(),
                                    " (", one.source, ")"));
  }
  return Refuse(
      "HOST_KEY_CHANGED",
      absl::StrCat(
          KnownHostName(target_.host, target_.port), " shows the ",
          offered.type(), " key ", offered.fingerprint(), ", but is known by ",
          absl::StrJoin(expected, ", "),
          ": somebody may be in between; replace the known key only if the "
          "host's operator confirms the new one"),
      target_, offered);
}

absl::Status HostTrust::Remember(const HostKey& offered) const {
  if (AppendLine(first_file_, Line(offered))) return absl::OkStatus();
  return Refuse(
      "HOST_KEY_NOT_SAVED",
      absl::StrCat("the new ", offered.type(), " key ", offered.fingerprint(),
                   " of ", KnownHostName(target_.host, target_.port),
                   " cannot be kept in \"", first_file_,
                   "\": ", std::strerror(errno),
                   "; make the file writable, name another one in "
                   "sandbox.ssh.knownHostsPath, or set "
                   "sandbox.ssh.hostKeyFingerprint"),
      target_, offered);
}

std::string HostTrust::Line(const HostKey& key) const {
  return absl::StrCat(KnownHostName(target_.host, target_.port), " ",
                      key.text());
}

}  // namespace airlock::executor
