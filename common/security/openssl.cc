#include "common/security/openssl.h"

#include <openssl/err.h>

namespace airlock {

OpenSslBio ReadOnlyBio(absl::string_view data) {
  return OpenSslBio(
      BIO_new_mem_buf(data.data(), static_cast<int>(data.size())));
}

std::string BioContent(BIO* bio) {
  std::string content(BIO_pending(bio), '\0');
  const int read =
      BIO_read(bio, content.data(), static_cast<int>(content.size()));
  content.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
  return content;
}

std::string TakeOpenSslError() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "not in the expected form" : reason;
}

}  // namespace airlock
