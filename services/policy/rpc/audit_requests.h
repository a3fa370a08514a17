// What the audit is asked for, checked.
#pragma once

#include "absl/status/statusor.h"
#include "airlock/v1/audit.pb.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// INVALID_ARGUMENT with each wrong field: a negative page size, a time that is
// none, times in the wrong order, a word that no record has, a text that is too
// long. Whether the page token is one of ours the store says. Pure.
absl::StatusOr<AuditQuery> AuditQueryFromRequest(
    const airlock::v1::ListAuditRecordsRequest& request);

// INVALID_ARGUMENT: the range ends before it begins. Pure.
absl::Status ValidateExport(
    const airlock::v1::ExportAuditRecordsRequest& request);

}  // namespace airlock::policy
