#include "services/cli/up/state_directory.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/security/random.h"
#include "services/cli/certs/certificate_directory.h"
#include "services/cli/certs/certificate_facts.h"
#include "services/cli/tokens/principal_file.h"

namespace airlock::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxPemBytes = 1 << 20;

// What agents may do before anybody has written down what they may do: run
// code and commands in a sandbox without a network.
constexpr char kFirstConfig[] = R"({
  "sandbox": {
    "enabled": true,
    "backend": "docker",
    "image": "airlock/sandbox:latest",
    "timeout": 30000,
    "memoryLimit": "512m",
    "cpuLimit": "1.0",
    "networkMode": "none"
  },
  "autonomy": {
    "level": "full",
    "allowedActions": ["code_exec", "system_command", "file_read",
                       "file_write", "file_delete"]
  }
}
)";

bool IsThere(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// Made beside its place and moved there whole, so that a crash between leaves
// nothing half done.
absl::Status MakeCertificates(const StatePaths& paths,
                              const std::vector<std::string>& hosts,
                              absl::Time now) {
  if (IsThere(paths.certificates)) return absl::OkStatus();
  const std::string fresh = absl::StrCat(paths.certificates, ".new");
  std::error_code error;
  fs::remove_all(fresh, error);
  absl::Status made =
      CreateCertificateDirectory({.directory = fresh, .hosts = hosts}, now);
  if (!made.ok()) return made;
  fs::rename(fresh, paths.certificates, error);
  if (error) {
    return absl::InternalError(absl::StrCat(
        "cannot make \"", paths.certificates, "\": ", error.message()));
  }
  return absl::OkStatus();
}

absl::Status CheckExpiry(const StatePaths& paths, absl::Time now) {
  for (const char* name :
       {"ca.pem", "gateway.pem", "policy.pem", "executor.pem"}) {
    const absl::StatusOr<std::string> pem =
        ReadSmallFile(paths.Certificate(name), kMaxPemBytes);
    if (!pem.ok()) return pem.status();
    const absl::StatusOr<CertificateFacts> facts = ReadCertificateFacts(*pem);
    if (!facts.ok()) return facts.status();
    if (now > facts->expiry) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the certificate ", paths.Certificate(name), " expired on ",
          absl::FormatTime("%Y-%m-%d", facts->expiry, absl::UTCTimeZone()),
          ": airlock certs init --force --dir ", paths.certificates,
          " makes new ones"));
    }
  }
  return absl::OkStatus();
}

// The file with the token is written last: without it the token is lost, and
// another one takes its place.
absl::Status MakeToken(const StatePaths& paths, const std::string& file,
                       const Principal& principal) {
  if (IsThere(file)) return absl::OkStatus();
  const absl::StatusOr<Secret> token =
      AddToken(paths.principals, principal, OldTokens::kReplace);
  if (!token.ok()) return token.status();
  return WriteFileAtomically(file, absl::StrCat(token->Reveal(), "\n"),
                             kPrivateFileMode);
}

// Whoever is signed in at the page stays so over restarts.
absl::Status MakeWebKey(const StatePaths& paths) {
  if (IsThere(paths.web_key)) return absl::OkStatus();
  constexpr std::size_t kKeyBytes = 32;
  return WriteFileAtomically(paths.web_key, RandomBytes(kKeyBytes),
                             kPrivateFileMode);
}

absl::Status MakeConfig(const StatePaths& paths) {
  if (IsThere(paths.config)) return absl::OkStatus();
  return WriteFileAtomically(paths.config, kFirstConfig, kPublicFileMode);
}

}  // namespace

StatePaths::StatePaths(const std::string& state_directory)
    : directory(fs::absolute(state_directory)) {
  const fs::path top = directory;
  certificates = top / "certs";
  principals = top / "tokens.json";
  agent_token = top / "agent.token";
  operator_token = top / "operator.token";
  config = top / "airlock.json";
  executor = top / "executor";
  database = top / "airlock.db";
  audit_checkpoints = top / "audit.checkpoints";
  web_key = top / "web.key";
}

std::string StatePaths::Certificate(const std::string& name) const {
  return fs::path(certificates) / name;
}

absl::StatusOr<StateDirectory> StateDirectory::Open(
    const std::string& directory, const std::vector<std::string>& hosts,
    absl::Time now) {
  StatePaths paths(directory);
  absl::Status status = MakePrivateDirectory(paths.directory);
  if (!status.ok()) return status;
  absl::StatusOr<FileLock> lock =
      FileLock::Acquire(fs::path(paths.directory) / "up.lock", /*wait=*/false);
  if (absl::IsUnavailable(lock.status())) {
    return absl::UnavailableError(
        absl::StrCat("another `airlock up` uses the state directory \"",
                     paths.directory, "\"; --state names another one"));
  }
  if (!lock.ok()) return lock.status();
  status = MakeCertificates(paths, hosts, now);
  if (status.ok()) status = CheckExpiry(paths, now);
  if (status.ok()) {
    status = MakeToken(paths, paths.agent_token,
                       {"demo", airlock::v1::PRINCIPAL_ROLE_AGENT});
  }
  if (status.ok()) {
    status = MakeToken(paths, paths.operator_token,
                       {"operator", airlock::v1::PRINCIPAL_ROLE_OPERATOR});
  }
  if (status.ok()) status = MakeWebKey(paths);
  if (status.ok()) status = MakeConfig(paths);
  if (status.ok()) status = MakePrivateDirectory(paths.executor);
  if (!status.ok()) return status;
  return StateDirectory(std::move(paths), *std::move(lock));
}

absl::StatusOr<std::optional<Secret>> MakeApprover(const StatePaths& paths) {
  const absl::StatusOr<std::vector<TokenEntry>> entries =
      ReadPrincipals(paths.principals);
  if (!entries.ok()) return entries.status();
  const bool is_there = std::any_of(
      entries->begin(), entries->end(), [](const TokenEntry& entry) {
        return entry.principal.role == airlock::v1::PRINCIPAL_ROLE_APPROVER;
      });
  if (is_there) return std::nullopt;
  absl::StatusOr<Secret> token = AddToken(
      paths.principals, {"approver", airlock::v1::PRINCIPAL_ROLE_APPROVER},
      OldTokens::kRefuse);
  // Somebody who is no approver is called that: who gave the name gives others.
  if (absl::IsAlreadyExists(token.status())) return std::nullopt;
  if (!token.ok()) return token.status();
  return std::optional<Secret>(*std::move(token));
}

}  // namespace airlock::cli
