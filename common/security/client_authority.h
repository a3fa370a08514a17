// Principals from the certificates they show.
#pragma once

#include <openssl/x509.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/security/authenticator.h"
#include "common/security/openssl.h"
#include "common/security/reloaded_file.h"

namespace airlock {

// A principal's certificate is at most so long, in PEM: it travels in a call's
// metadata, which gRPC bounds to 8 KiB.
inline constexpr std::size_t kMaxPrincipalCertificateBytes = 4096;

// Authorities that say who principals are. Immutable, so thread-safe.
class ClientAuthority {
 public:
  // From one or more certificates in PEM. INVALID_ARGUMENT: there is none, or
  // one of them may not sign others.
  static absl::StatusOr<ClientAuthority> FromPem(absl::string_view pem);

  // The principal named by a certificate in PEM, if it is valid at `now`, was
  // signed by one of these authorities itself, and is for clients. Whether the
  // caller has its key is not known here. UNAUTHENTICATED with reason
  // CERTIFICATE_INVALID says what is wrong.
  absl::StatusOr<Principal> Identify(absl::string_view certificate,
                                     absl::Time now) const;

 private:
  using Store = std::unique_ptr<X509_STORE, OpenSslDeleter<X509_STORE_free>>;

  explicit ClientAuthority(Store store) : store_(std::move(store)) {}

  Store store_;
};

// A file of authorities, read again when it changes: the certificates of one
// that is taken out do not count from then on. As for what cannot be read, see
// ReloadedFile. Thread-safe.
class ClientAuthorityFile {
 public:
  // Reads the file for the first time. Errors name the path.
  static absl::StatusOr<std::unique_ptr<ClientAuthorityFile>> Open(
      absl::string_view path);

  // See ClientAuthority::Identify().
  absl::StatusOr<Principal> Identify(absl::string_view certificate,
                                     absl::Time now);

 private:
  using File = ReloadedFile<ClientAuthority>;

  explicit ClientAuthorityFile(std::unique_ptr<File> file)
      : file_(std::move(file)) {}

  const std::unique_ptr<File> file_;
};

}  // namespace airlock
