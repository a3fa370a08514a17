// Pages of executions.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"
#include "common/security/authenticator.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// What a principal may list. INVALID_ARGUMENT: a negative page size or a page
// token that is not one of ours. PERMISSION_DENIED: an agent asks for others.
absl::StatusOr<ExecutionQuery> QueryFromRequest(
    const Principal& principal,
    const airlock::v1::ListExecutionsRequest& request);

// Adds to a page of the store the executions that it does not know yet. What
// both know is taken from `live`.
void MergePage(const ExecutionQuery& query,
               std::vector<airlock::v1::Execution> live, ExecutionPage& page);

}  // namespace airlock::policy
