// Principals as services know them: by token and by certificate.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/authenticator.h"
#include "common/security/client_authority.h"

namespace airlock {

// Where a service's settings say its principals are.
struct PrincipalFiles {
  // A token file; see token_file.h.
  std::string tokens_path;
  // Authorities of principals' certificates, in PEM. Empty: no certificate is
  // accepted.
  std::string client_ca_path;
};

// Follows both files when they change. Thread-safe.
class PrincipalAuthenticator final : public Authenticator {
 public:
  // Reads the files for the first time. Errors name the setting below
  // `section`, such as "gateway.tokensPath", and the path.
  static absl::StatusOr<std::unique_ptr<PrincipalAuthenticator>> Open(
      const PrincipalFiles& files, absl::string_view section);

  absl::StatusOr<Principal> Authenticate(
      absl::string_view bearer_token) override;
  absl::StatusOr<Principal> AuthenticateCertificate(
      absl::string_view certificate) override;

 private:
  PrincipalAuthenticator(std::unique_ptr<Authenticator> tokens,
                         std::unique_ptr<ClientAuthorityFile> authority)
      : tokens_(std::move(tokens)), authority_(std::move(authority)) {}

  const std::unique_ptr<Authenticator> tokens_;
  // nullptr: no certificate is accepted.
  const std::unique_ptr<ClientAuthorityFile> authority_;
};

}  // namespace airlock
