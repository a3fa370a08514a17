#include "services/cli/certs/role_certificate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/security/certificate_name.h"
#include "services/cli/certs/key_pair.h"

namespace airlock::cli {
namespace {

constexpr absl::Duration kClockSlack = absl::Minutes(5);
// 20 octets at most by RFC 5280, the first bit clear.
constexpr int kSerialBits = 159;

using BignumPtr = std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>>;
using ExtensionPtr =
    std::unique_ptr<X509_EXTENSION, OpenSslDeleter<X509_EXTENSION_free>>;

struct Extension {
  int nid;
  std::string value;
};

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address = {};
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

// OpenSSL reads alternative names from a text of its own grammar, so that a
// host must not hold anything but a host.
bool IsHostName(const std::string& host) {
  return !host.empty() && host.size() <= 253 &&
         absl::ascii_isalnum(static_cast<unsigned char>(host.front())) &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '.';
         });
}

absl::StatusOr<std::string> AlternativeNames(
    absl::string_view role, const std::vector<std::string>& hosts) {
  std::vector<std::string> names = {
      absl::StrCat("URI:airlock://role/", role),
      absl::StrCat("DNS:", role, ".airlock.internal"),
      absl::StrCat("DNS:", role),
      "DNS:localhost",
      "IP:127.0.0.1",
      "IP:::1",
  };
  for (const std::string& host : hosts) {
    if (!IsAddress(host) && !IsHostName(host)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a host must be a DNS name or an IP address: got \"", host, "\""));
    }
    names.push_back(absl::StrCat(IsAddress(host) ? "IP:" : "DNS:", host));
  }
  return absl::StrJoin(names, ",");
}

bool SetSerial(X509* certificate) {
  const BignumPtr serial(BN_new());
  return serial != nullptr &&
         BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY,
                 BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) !=
             nullptr;
}

bool SetTimes(X509* certificate, absl::Time now, absl::Time expiry) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate),
                       absl::ToTimeT(now - kClockSlack)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate),
                       absl::ToTimeT(expiry)) != nullptr;
}

bool SetSubject(X509* certificate, const std::string& common_name) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto add = [name](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(
               name, field, MBSTRING_UTF8,
               reinterpret_cast<const unsigned char*>(value.data()),
               static_cast<int>(value.size()), -1, 0) == 1;
  };
  return add("O", "Airlock") && add("CN", common_name);
}

bool AddExtensions(X509* certificate, X509* issuer,
                   const std::vector<Extension>& extensions) {
  X509V3_CTX context = {};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return std::all_of(
      extensions.begin(), extensions.end(), [&](const Extension& extension) {
        const ExtensionPtr made(X509V3_EXT_conf_nid(
            nullptr, &context, extension.nid, extension.value.c_str()));
        return made != nullptr &&
               X509_add_ext(certificate, made.get(), -1) == 1;
      });
}

// Signed by `issuer`, or by itself if that is null.
absl::StatusOr<Credential> Issue(const Credential* issuer,
                                 const std::string& common_name, absl::Time now,
                                 absl::Time expiry,
                                 const std::vector<Extension>& extensions) {
  absl::StatusOr<EvpKey> key = MakeCertificateKey();
  if (!key.ok()) return key.status();
  Credential made{X509Certificate(X509_new()), *std::move(key)};
  X509* certificate = made.certificate.get();
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  EVP_PKEY* signing_key =
      issuer == nullptr ? made.key.get() : issuer->key.get();
  if (certificate == nullptr ||
      X509_set_version(certificate, X509_VERSION_3) != 1 ||
      !SetSerial(certificate) || !SetTimes(certificate, now, expiry) ||
      !SetSubject(certificate, common_name) ||
      X509_set_issuer_name(certificate, X509_get_subject_name(signer)) != 1 ||
      X509_set_pubkey(certificate, made.key.get()) != 1 ||
      !AddExtensions(certificate, signer, extensions) ||
      X509_sign(certificate, signing_key, EVP_sha256()) == 0) {
    return OpenSslStatus(absl::StrCat("make the certificate ", common_name));
  }
  return made;
}

std::string ExtendedUsage(PeerRoleName role) {
  switch (role) {
    case PeerRoleName::kGateway:
      return "serverAuth,clientAuth";
    case PeerRoleName::kPolicy:
      return "serverAuth";
    case PeerRoleName::kExecutor:
      return "clientAuth";
  }
  return "";
}

// One that signs nothing. `names` in OpenSSL's grammar.
absl::StatusOr<Credential> IssueLeaf(const Credential& authority,
                                     const std::string& common_name,
                                     const std::string& usage,
                                     const std::string& names, absl::Time now,
                                     absl::Time expiry) {
  return Issue(&authority, common_name, now, expiry,
               {{NID_basic_constraints, "critical,CA:FALSE"},
                {NID_key_usage, "critical,digitalSignature"},
                {NID_ext_key_usage, usage},
                {NID_subject_alt_name, names},
                {NID_subject_key_identifier, "hash"},
                {NID_authority_key_identifier, "keyid:always"}});
}

}  // namespace

absl::string_view RoleWord(PeerRoleName role) {
  switch (role) {
    case PeerRoleName::kGateway:
      return "gateway";
    case PeerRoleName::kPolicy:
      return "policy";
    case PeerRoleName::kExecutor:
      return "executor";
  }
  return "";
}

absl::StatusOr<Credential> MakeAuthority(const std::string& common_name,
                                         absl::Time now, absl::Time expiry) {
  return Issue(nullptr, common_name, now, expiry,
               {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                {NID_key_usage, "critical,keyCertSign,cRLSign"},
                {NID_subject_key_identifier, "hash"}});
}

absl::StatusOr<Credential> MakeRoleCertificate(
    const Credential& authority, PeerRoleName role,
    const std::vector<std::string>& hosts, absl::Time now, absl::Time expiry) {
  absl::StatusOr<std::string> names = AlternativeNames(RoleWord(role), hosts);
  if (!names.ok()) return names.status();
  return IssueLeaf(authority, absl::StrCat("Airlock ", RoleWord(role)),
                   ExtendedUsage(role), *std::move(names), now, expiry);
}

absl::StatusOr<Credential> MakePrincipalCertificate(const Credential& authority,
                                                    const Principal& principal,
                                                    absl::Time now,
                                                    absl::Time expiry) {
  return IssueLeaf(authority, principal.id, "clientAuth",
                   absl::StrCat("URI:", PrincipalUri(principal)), now, expiry);
}

absl::StatusOr<std::string> CertificatePem(const X509Certificate& certificate) {
  const OpenSslBio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) {
    return OpenSslStatus("write a certificate");
  }
  return BioContent(bio.get());
}

}  // namespace airlock::cli
