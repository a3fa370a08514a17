#include "common/security/tls.h"

#include <grpc/grpc_security_constants.h>
#include <openssl/pem.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/security/openssl.h"
#include "common/security/pem_file.h"

namespace airlock {
namespace {

using airlock::v1::PeerRole;

struct PemTexts {
  std::string cert;
  std::string key;
  std::string ca;
};

int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<std::string> ReadPem(absl::string_view path,
                                    absl::string_view setting,
                                    absl::string_view key) {
  if (path.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(setting, ".", key, " is required"));
  }
  absl::StatusOr<std::string> text = ReadSecretFile(path);
  if (text.ok()) return text;
  return absl::Status(
      text.status().code(),
      absl::StrCat(setting, ".", key, ": ", text.status().message()));
}

absl::Status Wrong(absl::string_view setting, absl::string_view key,
                   absl::string_view path, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(setting, ".", key, ": \"", path, "\" ", what));
}

X509Certificate ParseCertificate(absl::string_view pem) {
  X509Certificate certificate(PEM_read_bio_X509(ReadOnlyBio(pem).get(), nullptr,
                                                NoPassphrase, nullptr));
  if (certificate == nullptr) TakeOpenSslError();
  return certificate;
}

// gRPC itself would only find out at the first handshake.
absl::Status CheckKeyPair(const TlsFiles& files, const PemTexts& pem,
                          absl::string_view setting) {
  const X509Certificate certificate = ParseCertificate(pem.cert);
  if (certificate == nullptr) {
    return Wrong(setting, "certPath", files.cert_path,
                 "must be a certificate in PEM");
  }
  const EvpKey key(PEM_read_bio_PrivateKey(ReadOnlyBio(pem.key).get(), nullptr,
                                           NoPassphrase, nullptr));
  if (key == nullptr) {
    TakeOpenSslError();
    return Wrong(setting, "keyPath", files.key_path,
                 "must be an unencrypted private key in PEM");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    TakeOpenSslError();
    return Wrong(setting, "keyPath", files.key_path,
                 absl::StrCat("must be the key of the certificate \"",
                              files.cert_path, "\""));
  }
  return absl::OkStatus();
}

absl::StatusOr<PemTexts> ReadKeyPair(const TlsFiles& files,
                                     absl::string_view setting) {
  PemTexts pem;
  absl::StatusOr<std::string> cert =
      ReadPem(files.cert_path, setting, "certPath");
  if (!cert.ok()) return cert.status();
  absl::StatusOr<std::string> key = ReadPem(files.key_path, setting, "keyPath");
  if (!key.ok()) return key.status();
  pem.cert = *std::move(cert);
  pem.key = *std::move(key);
  const absl::Status status = CheckKeyPair(files, pem, setting);
  if (!status.ok()) return status;
  return pem;
}

absl::StatusOr<std::string> ReadAuthority(absl::string_view path,
                                          absl::string_view setting) {
  absl::StatusOr<std::string> ca = ReadPem(path, setting, "caPath");
  if (ca.ok() && ParseCertificate(*ca) == nullptr) {
    return Wrong(setting, "caPath", path, "must be a certificate in PEM");
  }
  return ca;
}

absl::StatusOr<PemTexts> ReadAll(const TlsFiles& files,
                                 absl::string_view setting) {
  absl::StatusOr<PemTexts> pem = ReadKeyPair(files, setting);
  if (!pem.ok()) return pem;
  absl::StatusOr<std::string> ca = ReadAuthority(files.ca_path, setting);
  if (!ca.ok()) return ca.status();
  pem->ca = *std::move(ca);
  return pem;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>>
MutualTlsServerCredentials(const TlsFiles& files, absl::string_view setting) {
  absl::StatusOr<PemTexts> pem = ReadAll(files, setting);
  if (!pem.ok()) return pem.status();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pem->ca;
  options.pem_key_cert_pairs.push_back({pem->key, pem->cert});
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TlsServerCredentials(
    const TlsFiles& files, absl::string_view setting,
    absl::string_view client_authorities) {
  absl::StatusOr<PemTexts> pem = ReadKeyPair(files, setting);
  if (!pem.ok()) return pem.status();
  grpc::SslServerCredentialsOptions options(
      client_authorities.empty()
          ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
          : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::string(client_authorities);
  options.pem_key_cert_pairs.push_back({pem->key, pem->cert});
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>>
MutualTlsChannelCredentials(const TlsFiles& files, absl::string_view setting) {
  absl::StatusOr<PemTexts> pem = ReadAll(files, setting);
  if (!pem.ok()) return pem.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = pem->ca;
  options.pem_private_key = pem->key;
  options.pem_cert_chain = pem->cert;
  return grpc::SslCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsChannelCredentials(
    const TlsFiles& files, absl::string_view setting) {
  grpc::SslCredentialsOptions options;
  if (!files.ca_path.empty()) {
    absl::StatusOr<std::string> ca = ReadAuthority(files.ca_path, setting);
    if (!ca.ok()) return ca.status();
    options.pem_root_certs = *std::move(ca);
  }
  if (!files.cert_path.empty()) {
    absl::StatusOr<PemTexts> pem = ReadKeyPair(files, setting);
    if (!pem.ok()) return pem.status();
    options.pem_cert_chain = std::move(pem->cert);
    options.pem_private_key = std::move(pem->key);
  }
  return grpc::SslCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsChannelCredentials(
    absl::string_view ca_path, absl::string_view setting) {
  TlsFiles files;
  files.ca_path = std::string(ca_path);
  return TlsChannelCredentials(files, setting);
}

std::string PeerDnsName(PeerRole role) {
  return absl::StrCat(PeerRoleWord(role), ".airlock.internal");
}

PeerRole PeerRoleOf(const grpc::AuthContext& context) {
  if (!context.IsPeerAuthenticated()) return airlock::v1::PEER_ROLE_UNSPECIFIED;
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri :
       context.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
  }
  return PeerRoleFromUris(uris);
}

}  // namespace airlock
