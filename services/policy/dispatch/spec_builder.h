// What will run, frozen as bytes.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "common/config/contract.h"

namespace airlock::policy {

// The serialized airlock.internal.v1.ExecutionSpec and its 32 bytes of digest.
struct FrozenSpec {
  std::string bytes;
  std::string digest;
};

// Freezes a valid request under the agent's contract: the interpreter of its
// language, and the sandbox with the request's narrower limits. `image_id` is
// empty when no executor has the image yet. Pure.
FrozenSpec FreezeSpec(absl::string_view execution_id, absl::string_view agent,
                      const airlock::v1::ExecuteRequest& request,
                      const AgentContract& contract,
                      absl::string_view image_id);

// SHA-256 of the request without its id, so that a reused id is noticed.
std::string HashRequest(const airlock::v1::ExecuteRequest& request);

}  // namespace airlock::policy
