// What is asked of airlock.v1.ReportService, checked. Pure.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/report.pb.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Spans of time to sum up.
struct ActivityQuery {
  ExecutionQuery executions;
  std::size_t buckets = 0;
};

// Each: INVALID_ARGUMENT names every field that is wrong. What ends at no time
// ends at `now`: what comes meanwhile is not looked at.
absl::StatusOr<ActivityQuery> ActivityQueryFromRequest(
    const airlock::v1::GetActivityRequest& request, absl::Time now);
absl::StatusOr<ExecutionQuery> ReportQueryFromRequest(
    const airlock::v1::GetApprovalReportRequest& request, absl::Time now);
// But for what its configuration says.
absl::StatusOr<ExecutionQuery> ReplayQueryFromRequest(
    const airlock::v1::ReplayPolicyRequest& request, absl::Time now);

}  // namespace airlock::policy
