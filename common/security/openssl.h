// OpenSSL objects that free themselves.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace airlock {

template <auto Free>
struct OpenSslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using EvpKey = std::unique_ptr<EVP_PKEY, OpenSslDeleter<EVP_PKEY_free>>;
using EvpContext = std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;
using OpenSslBio = std::unique_ptr<BIO, OpenSslDeleter<BIO_free_all>>;
using X509Certificate = std::unique_ptr<X509, OpenSslDeleter<X509_free>>;

// A readable view of `data`, which must outlive it.
OpenSslBio ReadOnlyBio(absl::string_view data);

// Everything written to a memory BIO so far.
std::string BioContent(BIO* bio);

// The text of OpenSSL's latest error on this thread; clears its queue.
std::string TakeOpenSslError();

}  // namespace airlock
