#include "common/security/ed25519.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/security/pem_file.h"

namespace airlock {
namespace {

const unsigned char* AsBytes(absl::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

// Nobody types a passphrase: an encrypted key is an error, not a prompt.
int NoPassphrase(char*, int, int, void*) { return -1; }

// Without memory for a signature nothing can go on safely.
void Require(bool condition) {
  if (!condition) std::abort();
}

absl::Status CheckKey(const EvpKey& key, absl::string_view what) {
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be ", what, " in PEM: ", TakeOpenSslError()));
  }
  if (EVP_PKEY_base_id(key.get()) != EVP_PKEY_ED25519) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be ", what, ": it is of another type"));
  }
  return absl::OkStatus();
}

absl::Status InFile(absl::string_view path, const absl::Status& error) {
  return absl::Status(error.code(),
                      absl::StrCat("\"", path, "\" ", error.message()));
}

constexpr absl::string_view kPublicKeyBegin = "-----BEGIN PUBLIC KEY-----";
constexpr absl::string_view kPublicKeyEnd = "-----END PUBLIC KEY-----";

// Takes the first key's block off `pem`. Nothing: something else stands there.
std::optional<absl::string_view> TakePublicKeyBlock(absl::string_view& pem) {
  if (!absl::StartsWith(pem, kPublicKeyBegin)) return std::nullopt;
  const std::size_t end = pem.find(kPublicKeyEnd);
  if (end == absl::string_view::npos) return std::nullopt;
  const absl::string_view block = pem.substr(0, end + kPublicKeyEnd.size());
  pem = absl::StripLeadingAsciiWhitespace(pem.substr(block.size()));
  return block;
}

}  // namespace

absl::StatusOr<VerifyKey> VerifyKey::FromPemFile(absl::string_view path) {
  const absl::StatusOr<std::string> pem = ReadSecretFile(path);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<VerifyKey> key = FromPem(*pem);
  if (!key.ok()) return InFile(path, key.status());
  return key;
}

absl::StatusOr<VerifyKey> VerifyKey::FromPem(absl::string_view pem) {
  EvpKey key(PEM_read_bio_PUBKEY(ReadOnlyBio(pem).get(), nullptr, NoPassphrase,
                                 nullptr));
  const absl::Status status = CheckKey(key, "an Ed25519 public key");
  if (!status.ok()) return status;
  return VerifyKey(std::move(key));
}

absl::StatusOr<std::vector<VerifyKey>> VerifyKey::AllFromPemFile(
    absl::string_view path) {
  const absl::StatusOr<std::string> pem = ReadSecretFile(path);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<std::vector<VerifyKey>> keys = AllFromPem(*pem);
  if (!keys.ok()) return InFile(path, keys.status());
  return keys;
}

absl::StatusOr<std::vector<VerifyKey>> VerifyKey::AllFromPem(
    absl::string_view pem) {
  std::vector<VerifyKey> keys;
  pem = absl::StripLeadingAsciiWhitespace(pem);
  do {
    const std::string which = absl::StrCat("(key ", keys.size() + 1, ") ");
    if (keys.size() == kMaxVerifyKeys) {
      return absl::InvalidArgumentError(
          absl::StrCat("must hold at most ", kMaxVerifyKeys, " public keys"));
    }
    const std::optional<absl::string_view> block = TakePublicKeyBlock(pem);
    if (!block.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          which, "must be Ed25519 public keys in PEM and nothing else"));
    }
    absl::StatusOr<VerifyKey> key = FromPem(*block);
    if (!key.ok()) {
      return absl::Status(key.status().code(),
                          absl::StrCat(which, key.status().message()));
    }
    keys.push_back(*std::move(key));
  } while (!pem.empty());
  return keys;
}

bool VerifyKey::Verify(absl::string_view message,
                       absl::string_view signature) const {
  const EvpContext context(EVP_MD_CTX_new());
  Require(context != nullptr &&
          EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr,
                               key_.get()) == 1);
  const bool valid =
      EVP_DigestVerify(context.get(), AsBytes(signature), signature.size(),
                       AsBytes(message), message.size()) == 1;
  if (!valid) TakeOpenSslError();
  return valid;
}

std::string VerifyKey::ToPem() const {
  const OpenSslBio bio(BIO_new(BIO_s_mem()));
  Require(PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1);
  return BioContent(bio.get());
}

std::string VerifyKey::Fingerprint() const {
  const OpenSslBio bio(BIO_new(BIO_s_mem()));
  Require(bio != nullptr && i2d_PUBKEY_bio(bio.get(), key_.get()) == 1);
  return ToHex(Sha256(BioContent(bio.get())));
}

SigningKey SigningKey::Generate() {
  EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  Require(key != nullptr);
  return SigningKey(std::move(key));
}

absl::StatusOr<SigningKey> SigningKey::FromPemFile(absl::string_view path) {
  absl::StatusOr<std::string> pem = ReadPrivateFile(path);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<SigningKey> key = FromPem(*pem);
  OPENSSL_cleanse(pem->data(), pem->size());
  if (!key.ok()) return InFile(path, key.status());
  return key;
}

absl::StatusOr<SigningKey> SigningKey::FromPem(absl::string_view pem) {
  EvpKey key(PEM_read_bio_PrivateKey(ReadOnlyBio(pem).get(), nullptr,
                                     NoPassphrase, nullptr));
  const absl::Status status =
      CheckKey(key, "an unencrypted Ed25519 private key");
  if (!status.ok()) return status;
  return SigningKey(std::move(key));
}

std::string SigningKey::Sign(absl::string_view message) const {
  const EvpContext context(EVP_MD_CTX_new());
  Require(context != nullptr &&
          EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                             key_.get()) == 1);
  std::string signature(kEd25519SignatureBytes, '\0');
  std::size_t size = signature.size();
  Require(EVP_DigestSign(context.get(),
                         reinterpret_cast<unsigned char*>(signature.data()),
                         &size, AsBytes(message), message.size()) == 1 &&
          size == kEd25519SignatureBytes);
  return signature;
}

VerifyKey SigningKey::verify_key() const {
  std::array<unsigned char, 32> raw;
  std::size_t size = raw.size();
  Require(EVP_PKEY_get_raw_public_key(key_.get(), raw.data(), &size) == 1);
  EvpKey key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), size));
  Require(key != nullptr);
  return VerifyKey(std::move(key));
}

std::string SigningKey::ToPem() const {
  const OpenSslBio bio(BIO_new(BIO_s_secmem()));
  Require(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr,
                                        0, nullptr, nullptr) == 1);
  return BioContent(bio.get());
}

}  // namespace airlock
