#include "services/policy/dispatch/grant_minter.h"

#include <string>

#include "airlock/internal/v1/spec.pb.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

// Counts from receipt: enough for a busy executor, too little to hoard.
constexpr absl::Duration kGrantLifetime = absl::Seconds(10);

// The terminating NUL is part of the prefix.
constexpr absl::string_view kGrantDomain("airlock.grant.v1\0", 17);

}  // namespace

airlock::internal::v1::Grant GrantMinter::Mint(
    absl::string_view execution_id, absl::string_view digest,
    const Assignment& assignment) const {
  airlock::internal::v1::GrantClaims claims;
  claims.set_execution_id(std::string(execution_id));
  claims.set_digest(std::string(digest));
  claims.set_executor_id(assignment.executor_id);
  claims.set_boot_nonce(assignment.boot_nonce);
  claims.set_fence(assignment.fence);
  *claims.mutable_lifetime() = ToProto(kGrantLifetime);

  airlock::internal::v1::Grant grant;
  grant.set_execution_id(claims.execution_id());
  grant.set_claims(claims.SerializeAsString());
  grant.set_signature(key_()->Sign(std::string(kGrantDomain) + grant.claims()));
  return grant;
}

}  // namespace airlock::policy
