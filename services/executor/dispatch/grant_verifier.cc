#include "services/executor/dispatch/grant_verifier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/rpc/unknown_fields.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::executor {
namespace {

absl::Status Refuse(absl::string_view why) {
  return MakeError(absl::StatusCode::kPermissionDenied, "GRANT_INVALID",
                   absl::StrCat("the grant is not valid here: ", why));
}

}  // namespace

GrantVerifier::GrantVerifier(std::unique_ptr<VerifyKeyFile> keys,
                             std::string executor_id, std::string boot_nonce)
    : keys_(std::move(keys)),
      executor_id_(std::move(executor_id)),
      boot_nonce_(std::move(boot_nonce)) {}

absl::Status GrantVerifier::Verify(const internal::v1::Grant& grant,
                                   const GrantSubject& subject,
                                   absl::Duration received_at,
                                   absl::Duration now) const {
  if (!keys_->Verify(absl::StrCat(kGrantDomain, grant.claims()),
                     grant.signature())) {
    return Refuse("its signature is not the policy's");
  }
  internal::v1::GrantClaims claims;
  if (!claims.ParseFromString(grant.claims())) {
    return Refuse("its claims cannot be read");
  }
  if (!RefuseUnknownFields(claims).ok()) {
    return Refuse("it claims something this version does not know");
  }
  if (grant.execution_id() != subject.execution_id ||
      claims.execution_id() != subject.execution_id) {
    return Refuse("it is for another execution");
  }
  if (claims.digest() != subject.digest) return Refuse("its digest differs");
  if (claims.executor_id() != executor_id_) {
    return Refuse("it is for another executor");
  }
  if (claims.boot_nonce() != boot_nonce_) {
    return Refuse("it is for another boot of this executor");
  }
  if (claims.fence() != subject.fence) return Refuse("its fence differs");
  const absl::Duration lifetime = FromProto(claims.lifetime());
  if (lifetime <= absl::ZeroDuration() || lifetime > kMaxGrantLifetime) {
    return Refuse("its lifetime is not above 0 and at most 5 minutes");
  }
  if (now - received_at >= lifetime) return Refuse("its lifetime is over");
  return absl::OkStatus();
}

}  // namespace airlock::executor
