// What happened, as entries for the audit.
//
// All functions are pure. The chain adds what is missing when an entry is
// committed: the writer, the sequence and the hashes. Texts from elsewhere are
// cut to a bound, and what is not UTF-8 in them becomes U+FFFD.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/stored.pb.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/session.pb.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// The actor of what the service does by itself.
inline constexpr absl::string_view kServiceActor = "airlock";

// `request` was decided: the outcome is the decision's effect, the payload what
// was asked for. At the time the execution was created.
AuditEntry RequestEntry(const airlock::v1::Execution& execution,
                        const airlock::v1::ExecuteRequest& request,
                        absl::string_view policy_version);

// A human is asked. At the time the approval was created.
AuditEntry ApprovalAskedEntry(const airlock::v1::Approval& approval,
                              absl::string_view policy_version);

// A human answered: "approve" or "reject". At the time of the answer.
AuditEntry ApprovalAnsweredEntry(const airlock::v1::Approval& approval,
                                 const airlock::v1::ApprovalAnswer& answer);

// The approval reached a final state, which is the outcome. At its end time.
// `actor`: who withdrew it. Empty: the last approver where an answer decided,
// else the service.
AuditEntry ApprovalEndedEntry(const airlock::v1::Approval& approval,
                              absl::string_view actor = "");

// A process may be started from here on, on this executor and with this grant,
// whose claims are told by their digest. At the execution's start time.
// `grant_claims`: the serialized GrantClaims, as they were signed.
AuditEntry StartEntry(const airlock::v1::Execution& execution,
                      absl::string_view executor_id,
                      absl::string_view grant_claims,
                      absl::string_view policy_version);

// The execution reached a final state: the outcome is what ended it, or its
// state where it was not started. At its end time. `output`: nullptr, there is
// none; told by lengths and digests only. `actor`: who cancelled it; empty: the
// service.
AuditEntry EndEntry(const airlock::v1::Execution& execution,
                    const airlock::internal::v1::StoredOutput* output,
                    absl::string_view actor = "");

// A session was opened by its agent. At the time it was created.
AuditEntry SessionOpenedEntry(const airlock::v1::Session& session,
                              absl::string_view policy_version);

// A session reached a final state, which is the outcome. At its end time.
// `actor`: who closed it; empty: the service.
AuditEntry SessionEndedEntry(const airlock::v1::Session& session,
                             absl::string_view actor = "");

// A configuration came into force ("applied"): `config_json`, its sections that
// decide, from which a history can be told. `policy_version`: its own.
AuditEntry ConfigAppliedEntry(absl::string_view policy_version,
                              absl::string_view config_json, absl::Time now);

// A configuration was refused ("refused") for `error`. `policy_version`: the
// one that stays in force.
AuditEntry ConfigRefusedEntry(absl::string_view policy_version,
                              absl::string_view error, absl::Time now);

// Starting was stopped ("frozen") or allowed again ("thawed"), for `agent` or,
// where that is empty, for all. `kill`: running work was ended too.
AuditEntry FreezeEntry(absl::string_view actor, absl::string_view agent,
                       bool frozen, bool kill, absl::string_view comment,
                       absl::Time now);

// What the service did.
enum class ServiceEvent { kStarted, kStopped };

// The service started or stopped. `version`: of the program.
AuditEntry ServiceEntry(ServiceEvent event, absl::string_view version,
                        absl::string_view policy_version, absl::Time now);

// An executor reported how an execution ended that had been given up before.
AuditEntry LateReportEntry(absl::string_view execution_id,
                           absl::string_view executor_id,
                           airlock::v1::Outcome::EndedBy ended_by,
                           absl::Time now);

}  // namespace airlock::policy
