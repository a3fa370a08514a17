#include "common/security/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"

namespace airlock {
namespace {

const unsigned char* AsBytes(absl::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

}  // namespace

Sha256Digest Sha256(absl::string_view data) {
  Sha256Digest digest;
  SHA256(AsBytes(data), data.size(), digest.data());
  return digest;
}

void Sha256Stream::Add(absl::string_view data) {
  if (data.empty()) return;
  if (context_ == nullptr) {
    context_.reset(EVP_MD_CTX_new());
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  EVP_DigestUpdate(context_.get(), data.data(), data.size());
}

Sha256Digest Sha256Stream::Digest() const {
  if (context_ == nullptr) return Sha256("");
  const EvpContext copy(EVP_MD_CTX_new());
  EVP_MD_CTX_copy_ex(copy.get(), context_.get());
  Sha256Digest digest;
  EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr);
  return digest;
}

std::string ToBytes(const Sha256Digest& digest) {
  return std::string(digest.begin(), digest.end());
}

std::string ToHex(const Sha256Digest& digest) {
  return HexEncode(ToBytes(digest));
}

std::string HexEncode(absl::string_view bytes) {
  return absl::BytesToHexString(bytes);
}

std::optional<std::string> HexDecode(absl::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  for (const char digit : hex) {
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(digit))) {
      return std::nullopt;
    }
  }
  return absl::HexStringToBytes(hex);
}

bool EqualInConstantTime(absl::string_view left, absl::string_view right) {
  return left.size() == right.size() &&
         CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace airlock
