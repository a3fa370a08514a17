// Pages of executions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"
#include "common/security/authenticator.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// What a principal may list. INVALID_ARGUMENT names each field that is wrong.
// PERMISSION_DENIED: an agent asks for others. Pure.
absl::StatusOr<ExecutionQuery> QueryFromRequest(
    const Principal& principal,
    const airlock::v1::ListExecutionsRequest& request);

// One that has not ended. Both must outlive it.
struct LiveExecution {
  const airlock::v1::Execution& execution;
  // The serialized ExecutionSpec.
  const std::string& spec;
};

// Adds to a page of the store the executions that it does not know yet. What
// both know is taken from `live`, which must hold all that have not ended: an
// older state may pass the filters where the newer one does not, and the other
// way round. Pure.
void MergePage(const ExecutionQuery& query,
               const std::vector<LiveExecution>& live, ExecutionPage& page);

}  // namespace airlock::policy
