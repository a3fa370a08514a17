#include "services/policy/rpc/report_requests.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/config_file.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/engine/page_request.h"

namespace airlock::policy {
namespace {

using airlock::v1::ReportRange;

constexpr std::size_t kMaxAgentBytes = 300;
constexpr std::uint32_t kDefaultBuckets = 60;
constexpr std::uint32_t kMaxBuckets = 500;

void CheckRange(const ReportRange& range, absl::Time now,
                FieldViolations& violations) {
  const google::protobuf::Timestamp to =
      range.has_to_time() ? range.to_time() : ToProto(now);
  CheckTimeRange(range.has_from_time() ? &range.from_time() : nullptr, &to,
                 "range.", violations);
  CheckLength(range.agent(), kMaxAgentBytes, "range.agent", violations);
}

// Of a range that is right.
ExecutionQuery QueryFrom(const ReportRange& range, absl::Time now) {
  ExecutionQuery query;
  query.agent = range.agent();
  query.by_agents_only = true;
  if (range.has_from_time()) query.from = FromProto(range.from_time());
  query.to = range.has_to_time() ? FromProto(range.to_time()) : now;
  return query;
}

}  // namespace

absl::StatusOr<ActivityQuery> ActivityQueryFromRequest(
    const airlock::v1::GetActivityRequest& request, absl::Time now) {
  FieldViolations violations;
  CheckRange(request.range(), now, violations);
  if (!request.range().has_from_time()) {
    violations.Add("range.from_time", "must be set");
  }
  if (request.buckets() > kMaxBuckets) {
    violations.Add("buckets", absl::StrCat("must be at most ", kMaxBuckets,
                                           ": got ", request.buckets()));
  }
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  return ActivityQuery{
      QueryFrom(request.range(), now),
      request.buckets() == 0 ? kDefaultBuckets : request.buckets()};
}

absl::StatusOr<ExecutionQuery> ReportQueryFromRequest(
    const airlock::v1::GetApprovalReportRequest& request, absl::Time now) {
  FieldViolations violations;
  CheckRange(request.range(), now, violations);
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  return QueryFrom(request.range(), now);
}

absl::StatusOr<ExecutionQuery> ReplayQueryFromRequest(
    const airlock::v1::ReplayPolicyRequest& request, absl::Time now) {
  FieldViolations violations;
  CheckRange(request.range(), now, violations);
  if (request.config().empty()) {
    violations.Add("config", "must be set: the text of a configuration file");
  }
  CheckLength(request.config(), kMaxConfigBytes, "config", violations);
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  return QueryFrom(request.range(), now);
}

}  // namespace airlock::policy
