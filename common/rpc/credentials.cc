#include "common/rpc/credentials.h"

#include <grpc/grpc_security_constants.h>

#include <vector>

#include "absl/strings/str_join.h"
#include "airlock/v1/access.pb.h"
#include "common/security/tls.h"

namespace airlock {
namespace {

constexpr char kAuthorization[] = "authorization";
// Binary, as PEM has newlines.
constexpr char kCertificate[] = "airlock-client-certificate-bin";

std::string MetadataOf(const grpc::ServerContextBase& context,
                       const char* key) {
  std::vector<std::string> values;
  const auto [first, last] = context.client_metadata().equal_range(key);
  for (auto it = first; it != last; ++it) {
    values.emplace_back(it->second.data(), it->second.size());
  }
  return absl::StrJoin(values, ", ");
}

}  // namespace

std::string AuthorizationOf(const grpc::ServerContextBase& context) {
  return MetadataOf(context, kAuthorization);
}

ShownCredentials ShownByClient(const grpc::ServerContextBase& context) {
  ShownCredentials shown;
  shown.authorization = AuthorizationOf(context);
  for (const grpc::string_ref& pem : context.auth_context()->FindPropertyValues(
           GRPC_X509_PEM_CERT_PROPERTY_NAME)) {
    shown.certificate.append(pem.data(), pem.size());
  }
  return shown;
}

ShownCredentials ForwardedByGateway(const grpc::ServerContextBase& context) {
  if (PeerRoleOf(*context.auth_context()) != airlock::v1::PEER_ROLE_GATEWAY) {
    return {};
  }
  return {AuthorizationOf(context), MetadataOf(context, kCertificate)};
}

void Forward(const ShownCredentials& shown, grpc::ClientContext& context) {
  if (!shown.authorization.empty()) {
    context.AddMetadata(kAuthorization, shown.authorization);
  }
  if (!shown.certificate.empty()) {
    context.AddMetadata(kCertificate, shown.certificate);
  }
}

}  // namespace airlock
