// Key pairs and their PEM forms.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/openssl.h"

namespace airlock::cli {

// What OpenSSL says went wrong while this thread wanted to do `what`.
absl::Status OpenSslStatus(absl::string_view what);

// A new ECDSA key on P-256, for a certificate.
absl::StatusOr<EvpKey> MakeCertificateKey();

// PKCS #8, not encrypted: what it is written to must be private.
absl::StatusOr<std::string> PrivateKeyPem(const EvpKey& key);

}  // namespace airlock::cli
