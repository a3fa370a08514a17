#include "common/security/sealed_text.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "common/security/openssl.h"
#include "common/security/random.h"

namespace airlock {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr int kNonceBytes = 12;
constexpr int kTagBytes = 16;

using CipherContext =
    std::unique_ptr<EVP_CIPHER_CTX, OpenSslDeleter<EVP_CIPHER_CTX_free>>;

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

int Length(absl::string_view text) { return static_cast<int>(text.size()); }

// A context with key, nonce and purpose. With a right key nothing of it fails.
CipherContext Begin(absl::string_view key, absl::string_view nonce,
                    absl::string_view purpose, int encrypt) {
  CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  if (key.size() != kKeyBytes || context == nullptr ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(key),
                        Bytes(nonce), encrypt) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &length, Bytes(purpose),
                       Length(purpose)) != 1) {
    std::abort();
  }
  return context;
}

}  // namespace

std::string SealText(absl::string_view key, absl::string_view purpose,
                     absl::string_view text) {
  const std::string nonce = RandomBytes(kNonceBytes);
  const CipherContext context = Begin(key, nonce, purpose, 1);
  std::string sealed(text.size() + kTagBytes, '\0');
  int length = 0;
  int rest = 0;
  if (EVP_CipherUpdate(context.get(), Bytes(sealed), &length, Bytes(text),
                       Length(text)) != 1 ||
      EVP_CipherFinal_ex(context.get(), Bytes(sealed) + length, &rest) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                          Bytes(sealed) + text.size()) != 1) {
    std::abort();
  }
  return absl::WebSafeBase64Escape(nonce + sealed);
}

std::optional<std::string> OpenSealedText(absl::string_view key,
                                          absl::string_view purpose,
                                          absl::string_view sealed) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(sealed, &bytes) ||
      bytes.size() < kNonceBytes + kTagBytes) {
    return std::nullopt;
  }
  std::string tag = bytes.substr(bytes.size() - kTagBytes);
  const absl::string_view nonce =
      absl::string_view(bytes).substr(0, kNonceBytes);
  const absl::string_view hidden = absl::string_view(bytes).substr(
      kNonceBytes, bytes.size() - kNonceBytes - kTagBytes);
  const CipherContext context = Begin(key, nonce, purpose, 0);
  std::string text(hidden.size() + kTagBytes, '\0');
  int length = 0;
  int rest = 0;
  if (EVP_CipherUpdate(context.get(), Bytes(text), &length, Bytes(hidden),
                       Length(hidden)) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes,
                          tag.data()) != 1 ||
      EVP_CipherFinal_ex(context.get(), Bytes(text) + length, &rest) != 1) {
    // Nobody else's errors are to be found there later.
    static_cast<void>(TakeOpenSslError());
    return std::nullopt;
  }
  text.resize(hidden.size());
  return text;
}

}  // namespace airlock
