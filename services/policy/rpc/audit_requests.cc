#include "services/policy/rpc/audit_requests.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/engine/page_request.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditFilter;

// No text of a record is longer.
constexpr std::size_t kMaxFilterBytes = 300;
constexpr std::size_t kMaxPageTokenBytes = 1024;

void CheckFilter(const AuditFilter& filter, FieldViolations& violations) {
  CheckTimeRange(filter.has_from_time() ? &filter.from_time() : nullptr,
                 filter.has_to_time() ? &filter.to_time() : nullptr, "filter.",
                 violations);
  CheckLength(filter.agent(), kMaxFilterBytes, "filter.agent", violations);
  CheckLength(filter.outcome(), kMaxFilterBytes, "filter.outcome", violations);
  CheckLength(filter.execution_id(), kMaxFilterBytes, "filter.execution_id",
              violations);
  CheckLength(filter.text(), kMaxFilterBytes, "filter.text", violations);
  CheckKind(filter.action_kind(), "filter.action_kind", violations);
  if (!airlock::v1::AuditEventType_IsValid(filter.type())) {
    violations.Add("filter.type",
                   absl::StrCat("must be a type of event: got ",
                                static_cast<int>(filter.type())));
  }
}

}  // namespace

absl::StatusOr<AuditQuery> AuditQueryFromRequest(
    const airlock::v1::ListAuditRecordsRequest& request) {
  FieldViolations violations;
  CheckPageSize(request.page_size(), violations);
  CheckLength(request.page_token(), kMaxPageTokenBytes, "page_token",
              violations);
  CheckFilter(request.filter(), violations);
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  return AuditQuery{.filter = request.filter(),
                    .page_size = EffectivePageSize(request.page_size()),
                    .page_token = request.page_token()};
}

absl::Status ValidateExport(
    const airlock::v1::ExportAuditRecordsRequest& request) {
  FieldViolations violations;
  if (request.to_sequence() != 0 &&
      request.to_sequence() < request.from_sequence()) {
    violations.Add(
        "to_sequence",
        absl::StrCat("must not be below from_sequence, ",
                     request.from_sequence(), ": got ", request.to_sequence()));
  }
  return violations.ToStatus();
}

}  // namespace airlock::policy
