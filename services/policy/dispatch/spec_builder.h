// What will run, frozen as bytes.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "airlock/internal/v1/spec.pb.h"
#include "airlock/v1/execution.pb.h"
#include "common/config/contract.h"
#include "services/policy/sessions/session.h"

namespace airlock::policy {

// The serialized airlock.internal.v1.ExecutionSpec and its 32 bytes of digest.
struct FrozenSpec {
  std::string bytes;
  std::string digest;
};

// What a sandbox of these settings may use. `image_id` is empty when no
// executor has the image yet. Pure.
airlock::internal::v1::SandboxSpec FreezeSandbox(
    const SandboxSettings& settings, absl::string_view image_id);

// Freezes a valid request under the agent's contract: the interpreter of its
// language, and `sandbox`, of which it may narrow the output. With `session` it
// runs in that one, which must be as `sandbox` says. Pure.
FrozenSpec FreezeSpec(absl::string_view execution_id, absl::string_view agent,
                      const airlock::v1::ExecuteRequest& request,
                      const AgentContract& contract,
                      airlock::internal::v1::SandboxSpec sandbox,
                      const Session* session = nullptr);

// The 32 bytes that bind an approval and a grant to a spec: SHA-256 of its
// bytes under a domain of its own.
std::string SpecDigest(absl::string_view spec);

// What tells one approved action from another: SHA-256 of the spec without its
// execution and without the generation of its session.
std::string ActionHash(const std::string& spec);

// SHA-256 of the request without its id, so that a reused id is noticed.
std::string HashRequest(const airlock::v1::ExecuteRequest& request);

}  // namespace airlock::policy
