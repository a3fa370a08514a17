#include "common/security/principal_authenticator.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/security/token_file.h"

namespace airlock {
namespace {

absl::Status AtSetting(absl::string_view section, absl::string_view key,
                       const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(section, ".", key, ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrincipalAuthenticator>>
PrincipalAuthenticator::Open(const PrincipalFiles& files,
                             absl::string_view section) {
  auto tokens = TokenFileAuthenticator::Open(files.tokens_path);
  if (!tokens.ok()) return AtSetting(section, "tokensPath", tokens.status());
  std::unique_ptr<ClientAuthorityFile> authority;
  if (!files.client_ca_path.empty()) {
    auto file = ClientAuthorityFile::Open(files.client_ca_path);
    if (!file.ok()) return AtSetting(section, "clientCaPath", file.status());
    authority = *std::move(file);
  }
  // The constructor is private.
  return std::unique_ptr<PrincipalAuthenticator>(
      new PrincipalAuthenticator(*std::move(tokens), std::move(authority)));
}

absl::StatusOr<Principal> PrincipalAuthenticator::Authenticate(
    absl::string_view bearer_token) {
  return tokens_->Authenticate(bearer_token);
}

absl::StatusOr<Principal> PrincipalAuthenticator::AuthenticateCertificate(
    absl::string_view certificate) {
  if (authority_ == nullptr) {
    return Authenticator::AuthenticateCertificate(certificate);
  }
  return authority_->Identify(certificate, absl::Now());
}

}  // namespace airlock
