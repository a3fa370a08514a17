#include "services/cli/certs/certificate_facts.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "absl/strings/strip.h"
#include "common/security/openssl.h"

namespace airlock::cli {
namespace {

constexpr absl::string_view kRolePrefix = "airlock://role/";

using NamesPtr =
    std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>>;

std::string Text(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
}

std::string AddressText(const ASN1_STRING* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  const char* shown =
      inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof(text));
  return shown == nullptr ? "?" : shown;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

void ReadNames(X509* certificate, CertificateFacts& facts) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI) {
      facts.uris.push_back(Text(name->d.uniformResourceIdentifier));
    } else if (name->type == GEN_DNS) {
      facts.dns_names.push_back(Text(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      facts.addresses.push_back(AddressText(name->d.iPAddress));
    }
  }
  for (const std::string& uri : facts.uris) {
    absl::string_view role = uri;
    if (absl::ConsumePrefix(&role, kRolePrefix)) facts.role = std::string(role);
  }
}

}  // namespace

absl::StatusOr<CertificateFacts> ReadCertificateFacts(absl::string_view pem) {
  const OpenSslBio bio = ReadOnlyBio(pem);
  const X509Certificate certificate(
      bio == nullptr ? nullptr
                     : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) {
    TakeOpenSslError();
    return absl::InvalidArgumentError("no certificate in PEM form");
  }
  CertificateFacts facts;
  char subject[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()),
                            NID_commonName, subject, sizeof(subject));
  facts.subject = subject;
  ReadNames(certificate.get(), facts);
  facts.valid_from = TimeOf(X509_get0_notBefore(certificate.get()));
  facts.expiry = TimeOf(X509_get0_notAfter(certificate.get()));
  facts.is_authority = X509_check_ca(certificate.get()) == 1;
  const uint32_t usage = X509_get_extended_key_usage(certificate.get());
  facts.may_serve = (usage & XKU_SSL_SERVER) != 0;
  facts.may_dial = (usage & XKU_SSL_CLIENT) != 0;
  return facts;
}

}  // namespace airlock::cli
