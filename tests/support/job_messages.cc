#include "tests/support/job_messages.h"

#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"

namespace airlock {
namespace {

// Written out here once more, so that a change of the product's own constants
// is noticed.
constexpr absl::string_view kExecutionDomain("airlock.execution.v1\0", 21);
constexpr absl::string_view kGrantDomain("airlock.grant.v1\0", 17);

}  // namespace

internal::v1::ExecutionSpec MakeCommandSpec(
    absl::string_view execution_id, const std::vector<std::string>& argv,
    absl::Duration timeout) {
  internal::v1::ExecutionSpec spec;
  spec.set_execution_id(std::string(execution_id));
  spec.set_agent("demo");
  *spec.mutable_timeout() = ToProto(timeout);
  for (const std::string& arg : argv) {
    spec.mutable_action()->mutable_system_command()->mutable_argv()->add_args(
        arg);
  }
  internal::v1::SandboxSpec& sandbox = *spec.mutable_sandbox();
  sandbox.set_backend("docker");
  sandbox.set_image("airlock/sandbox:latest");
  sandbox.set_memory_bytes(512 << 20);
  sandbox.set_cpu_millis(1000);
  sandbox.set_pids(128);
  sandbox.set_workspace_bytes(192 << 20);
  sandbox.set_tmp_bytes(64 << 20);
  sandbox.set_inodes(65536);
  sandbox.set_output_bytes(64 << 20);
  sandbox.set_network_mode("none");
  sandbox.set_user("65534:65534");
  sandbox.set_pull_policy("missing");
  return spec;
}

internal::v1::Job MakeJob(const internal::v1::ExecutionSpec& spec,
                          std::uint64_t fence) {
  internal::v1::Job job;
  job.set_execution_id(spec.execution_id());
  job.set_fence(fence);
  job.set_spec(spec.SerializeAsString());
  job.set_digest(ToBytes(Sha256(absl::StrCat(kExecutionDomain, job.spec()))));
  return job;
}

internal::v1::GrantClaims MakeClaims(const internal::v1::Job& job,
                                     absl::string_view executor_id,
                                     absl::string_view boot_nonce) {
  internal::v1::GrantClaims claims;
  claims.set_execution_id(job.execution_id());
  claims.set_digest(job.digest());
  claims.set_executor_id(std::string(executor_id));
  claims.set_boot_nonce(std::string(boot_nonce));
  claims.set_fence(job.fence());
  *claims.mutable_lifetime() = ToProto(absl::Seconds(10));
  return claims;
}

internal::v1::Grant SignGrant(const internal::v1::GrantClaims& claims,
                              const SigningKey& key) {
  internal::v1::Grant grant;
  grant.set_execution_id(claims.execution_id());
  grant.set_claims(claims.SerializeAsString());
  grant.set_signature(key.Sign(absl::StrCat(kGrantDomain, grant.claims())));
  return grant;
}

}  // namespace airlock
