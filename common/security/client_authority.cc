#include "common/security/client_authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/security/certificate_name.h"
#include "common/security/pem_file.h"
#include "common/status/error.h"

namespace airlock {
namespace {

using Verification =
    std::unique_ptr<X509_STORE_CTX, OpenSslDeleter<X509_STORE_CTX_free>>;
using Names =
    std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>>;

int NoPassphrase(char*, int, int, void*) { return -1; }

// The next certificate. nullptr: OpenSSL's latest error says why there is none.
X509Certificate ReadCertificate(BIO* pem) {
  return X509Certificate(
      PEM_read_bio_X509(pem, nullptr, NoPassphrase, nullptr));
}

absl::Status Invalid(absl::string_view what) {
  return MakeError(absl::StatusCode::kUnauthenticated, "CERTIFICATE_INVALID",
                   absl::StrCat("the client's certificate ", what));
}

// None if the extension is there twice: readers disagree on which one counts.
std::vector<std::string> UrisOf(const X509* certificate) {
  std::vector<std::string> uris;
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return uris;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_STRING* uri = name->d.uniformResourceIdentifier;
    // With its length: a NUL inside must not hide what comes after it.
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<std::size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

absl::Status Verify(X509_STORE* store, X509* certificate, absl::Time now) {
  const Verification verification(X509_STORE_CTX_new());
  if (verification == nullptr ||
      X509_STORE_CTX_init(verification.get(), store, certificate, nullptr) !=
          1) {
    return absl::InternalError(
        absl::StrCat("cannot verify a certificate: ", TakeOpenSslError()));
  }
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(verification.get());
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_time(rules, absl::ToTimeT(now));
  if (X509_verify_cert(verification.get()) == 1) return absl::OkStatus();
  TakeOpenSslError();
  return Invalid(absl::StrCat(
      "does not count here: ",
      X509_verify_cert_error_string(
          X509_STORE_CTX_get_error(verification.get())),
      "; it must be signed by an authority of clientCaPath, be for clients "
      "and not have expired"));
}

absl::StatusOr<ClientAuthority> ReadAuthority(const std::string& path) {
  const absl::StatusOr<std::string> pem = ReadSecretFile(path);
  if (!pem.ok()) return pem.status();
  absl::StatusOr<ClientAuthority> authority = ClientAuthority::FromPem(*pem);
  if (authority.ok()) return authority;
  return absl::Status(
      authority.status().code(),
      absl::StrCat("\"", path, "\" ", authority.status().message()));
}

}  // namespace

absl::StatusOr<ClientAuthority> ClientAuthority::FromPem(
    absl::string_view pem) {
  Store store(X509_STORE_new());
  const OpenSslBio bio = ReadOnlyBio(pem);
  int count = 0;
  while (const X509Certificate certificate = ReadCertificate(bio.get())) {
    if (X509_check_ca(certificate.get()) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("must hold only authorities: certificate ", count + 1,
                       " may not sign others"));
    }
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
      return absl::InternalError(
          absl::StrCat("cannot keep a certificate: ", TakeOpenSslError()));
    }
    ++count;
  }
  const bool at_end =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  TakeOpenSslError();
  if (count == 0 || !at_end) {
    return absl::InvalidArgumentError(
        absl::StrCat("must be certificates in PEM: ", count, " could be read"));
  }
  return ClientAuthority(std::move(store));
}

absl::StatusOr<Principal> ClientAuthority::Identify(
    absl::string_view certificate, absl::Time now) const {
  if (certificate.size() > kMaxPrincipalCertificateBytes) {
    return Invalid(absl::StrCat("must have at most ",
                                kMaxPrincipalCertificateBytes,
                                " bytes in PEM: got ", certificate.size()));
  }
  const OpenSslBio bio = ReadOnlyBio(certificate);
  const X509Certificate parsed = ReadCertificate(bio.get());
  if (parsed == nullptr) {
    return Invalid(absl::StrCat("must be one in PEM: ", TakeOpenSslError()));
  }
  const absl::Status verified = Verify(store_.get(), parsed.get(), now);
  if (!verified.ok()) return verified;
  std::optional<Principal> principal = PrincipalFromUris(UrisOf(parsed.get()));
  if (principal.has_value()) return *std::move(principal);
  return Invalid(
      "must name one principal by the URI airlock://principal/<role>/<id>, "
      "and nothing else of that scheme");
}

absl::StatusOr<std::unique_ptr<ClientAuthorityFile>> ClientAuthorityFile::Open(
    absl::string_view path) {
  auto file = File::Open(std::string(path),
                         "authority of clients' certificates", ReadAuthority);
  if (!file.ok()) return file.status();
  // The constructor is private.
  return std::unique_ptr<ClientAuthorityFile>(
      new ClientAuthorityFile(*std::move(file)));
}

absl::StatusOr<Principal> ClientAuthorityFile::Identify(
    absl::string_view certificate, absl::Time now) {
  return file_->Get()->Identify(certificate, now);
}

}  // namespace airlock
