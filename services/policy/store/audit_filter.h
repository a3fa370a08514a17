// Which records of the audit are asked for.
#pragma once

#include "absl/strings/string_view.h"
#include "airlock/v1/audit.pb.h"

namespace airlock::policy {

// Whether `filter` lets `record` through. Its text is compared byte for byte;
// what it looks for stands in the payload, or in the record's actor, reason or
// rule.
bool Passes(const airlock::v1::AuditFilter& filter,
            const airlock::v1::AuditRecord& record, absl::string_view payload);

}  // namespace airlock::policy
