#include "services/policy/audit/standing_entries.h"

#include "absl/strings/str_cat.h"
#include "common/json/enum_word.h"
#include "common/json/json_writer.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/audit/entry_parts.h"
#include "services/policy/audit/payload_json.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditRecord;
using airlock::v1::StandingApproval;

void FillFrom(const StandingApproval& permission, AuditRecord& record) {
  record.set_agent(RecordText(permission.scope().agent()));
  record.set_approval_id(permission.id());
  record.set_session(RecordText(permission.scope().session()));
  record.set_action_kind(permission.scope().pattern().action_kind());
}

}  // namespace

AuditEntry StandingGivenEntry(const StandingApproval& permission,
                              absl::string_view policy_version) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED,
                              permission.create_time(), permission.approver());
  FillFrom(permission, entry.record);
  entry.record.set_outcome("standing_given");
  entry.record.set_policy_version(RecordText(policy_version));
  entry.payload = Payload([&](JsonWriter& json) {
    json.Text("question", permission.approval_id());
    WriteOptional("person", permission.person(), json);
    WriteOptional("comment", permission.comment(), json);
    WriteOptional("summary", permission.summary(), json);
    json.Key("scope");
    WritePayloadMessage(permission.scope(), json);
    json.Unsigned("maxUses", permission.max_uses());
    json.Text("expireTime",
              absl::FormatTime(FromProto(permission.expire_time()),
                               absl::UTCTimeZone()));
  });
  return entry;
}

AuditEntry StandingEndedEntry(const StandingApproval& permission) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED,
                              permission.end_time(),
                              permission.revoked_by().empty()
                                  ? kServiceActor
                                  : absl::string_view(permission.revoked_by()));
  FillFrom(permission, entry.record);
  entry.record.set_outcome(absl::StrCat(
      "standing_",
      EnumWord(*StandingApproval::State_descriptor(), permission.state())));
  entry.payload = Payload([&](JsonWriter& json) {
    json.Unsigned("uses", permission.uses());
    json.Unsigned("maxUses", permission.max_uses());
  });
  return entry;
}

}  // namespace airlock::policy
