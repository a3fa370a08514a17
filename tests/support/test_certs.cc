#include "tests/support/test_certs.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/security/digest.h"

namespace airlock {
namespace {

void Require(bool condition, const char* what) {
  if (!condition) {
    throw std::runtime_error(absl::StrCat(what, ": ", TakeOpenSslError()));
  }
}

EvpKey NewKey() {
  EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  Require(key != nullptr, "new key");
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Require(extension != nullptr, "extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Not signed yet.
X509Certificate NewCertificate(const std::string& name, EVP_PKEY* key) {
  X509Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  BIGNUM* serial = BN_new();
  BN_rand(serial, 120, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
  BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate.get()));
  BN_free(serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

std::string CertificatePem(X509* certificate) {
  const OpenSslBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return BioContent(bio.get());
}

std::string KeyPem(EVP_PKEY* key) {
  const OpenSslBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr,
                                nullptr);
  return BioContent(bio.get());
}

}  // namespace

TestCerts::TestCerts() : ca_key_(NewKey()) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "airlock-test-XXXXXX").string();
  Require(mkdtemp(pattern.data()) != nullptr, "temporary folder");
  folder_ = pattern;
  ca_ = NewCertificate("test authority", ca_key_.get());
  X509_set_issuer_name(ca_.get(), X509_get_subject_name(ca_.get()));
  AddExtension(ca_.get(), ca_.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(ca_.get(), ca_.get(), NID_key_usage,
               "critical,keyCertSign,cRLSign");
  AddExtension(ca_.get(), ca_.get(), NID_subject_key_identifier, "hash");
  Require(X509_sign(ca_.get(), ca_key_.get(), EVP_sha256()) != 0, "sign");
  WriteFile("ca.pem", CertificatePem(ca_.get()));
}

TestCerts::~TestCerts() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TestCerts::ca_path() const {
  return absl::StrCat(folder_, "/ca.pem");
}

TlsFiles TestCerts::ForRole(airlock::v1::PeerRole role) {
  return Make(PeerDnsName(role), {PeerUri(role)});
}

TlsFiles TestCerts::ForPrincipal(const Principal& principal) {
  return Make("client.test", {PrincipalUri(principal)}, "clientAuth");
}

TlsFiles TestCerts::Make(absl::string_view name,
                         const std::vector<std::string>& uris,
                         const std::string& usage) {
  const EvpKey key = NewKey();
  const X509Certificate certificate =
      NewCertificate(std::string(name), key.get());
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca_.get()));
  std::string names = absl::StrCat("DNS:", name, ",DNS:localhost,IP:127.0.0.1");
  for (const std::string& uri : uris) absl::StrAppend(&names, ",URI:", uri);
  AddExtension(certificate.get(), ca_.get(), NID_subject_alt_name, names);
  AddExtension(certificate.get(), ca_.get(), NID_ext_key_usage, usage);
  // Authorities of several of these have one name, and differ by their keys.
  AddExtension(certificate.get(), ca_.get(), NID_authority_key_identifier,
               "keyid:always");
  Require(X509_sign(certificate.get(), ca_key_.get(), EVP_sha256()) != 0,
          "sign");
  const std::string stem = absl::StrCat("leaf-", next_++);
  TlsFiles files;
  files.cert_path =
      WriteFile(absl::StrCat(stem, ".pem"), CertificatePem(certificate.get()));
  files.key_path = WriteFile(absl::StrCat(stem, "-key.pem"), KeyPem(key.get()));
  files.ca_path = ca_path();
  return files;
}

std::string TestCerts::ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  Require(file.good(), "read file");
  return content.str();
}

std::string TestCerts::WriteFile(absl::string_view name,
                                 absl::string_view content) {
  const std::string path = absl::StrCat(folder_, "/", name);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read |
                                         std::filesystem::perms::owner_write);
  file << content;
  file.close();
  Require(file.good(), "write file");
  return path;
}

std::string TokenFileText(const std::vector<TestToken>& tokens) {
  std::vector<std::string> entries;
  for (const TestToken& token : tokens) {
    entries.push_back(absl::StrCat("{\"id\":\"", token.id, "\",\"role\":\"",
                                   token.role, "\",\"tokenSha256\":\"",
                                   ToHex(Sha256(token.token)), "\"}"));
  }
  return absl::StrCat("{\"principals\":[", absl::StrJoin(entries, ","), "]}");
}

}  // namespace airlock
