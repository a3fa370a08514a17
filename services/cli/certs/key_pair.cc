#include "services/cli/certs/key_pair.h"

#include <openssl/pem.h>

#include "absl/strings/str_cat.h"

namespace airlock::cli {

absl::Status OpenSslStatus(absl::string_view what) {
  return absl::InternalError(
      absl::StrCat("cannot ", what, ": ", TakeOpenSslError()));
}

absl::StatusOr<EvpKey> MakeCertificateKey() {
  EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (key == nullptr) return OpenSslStatus("make an ECDSA key");
  return key;
}

absl::StatusOr<std::string> PrivateKeyPem(const EvpKey& key) {
  const OpenSslBio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr) != 1) {
    return OpenSslStatus("write a private key");
  }
  return BioContent(bio.get());
}

}  // namespace airlock::cli
