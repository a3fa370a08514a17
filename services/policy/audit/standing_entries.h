// What happened to standing approvals, as entries for the audit.
//
// They are entries of the types of approvals, with outcomes of their own; in
// the place of an approval's id they have theirs, which begins with "st-". What
// starts by one says so in its START. Pure, as audit_entries.h says.
#pragma once

#include "absl/strings/string_view.h"
#include "airlock/v1/standing_approval.pb.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// A human gave it: APPROVAL_ANSWERED with outcome "standing_given". At the time
// it was given.
AuditEntry StandingGivenEntry(const airlock::v1::StandingApproval& permission,
                              absl::string_view policy_version);

// It reached a final state: APPROVAL_ENDED with outcome "standing_revoked",
// "standing_expired" or "standing_used_up". At its end time; the actor is who
// took it back, or the service.
AuditEntry StandingEndedEntry(const airlock::v1::StandingApproval& permission);

}  // namespace airlock::policy
