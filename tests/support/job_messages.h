// What a policy sends an executor, made by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/security/ed25519.h"

namespace airlock {

// A complete spec of a system_command in a small docker sandbox.
internal::v1::ExecutionSpec MakeCommandSpec(
    absl::string_view execution_id, const std::vector<std::string>& argv,
    absl::Duration timeout = absl::Seconds(30));

// The job of a spec, with its true digest.
internal::v1::Job MakeJob(const internal::v1::ExecutionSpec& spec,
                          std::uint64_t fence = 1);

// Claims that permit `job` on this boot of this executor.
internal::v1::GrantClaims MakeClaims(const internal::v1::Job& job,
                                     absl::string_view executor_id,
                                     absl::string_view boot_nonce);

// Signs claims.
internal::v1::Grant SignGrant(const internal::v1::GrantClaims& claims,
                              const SigningKey& key);

}  // namespace airlock
