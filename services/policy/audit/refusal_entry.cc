#include "services/policy/audit/refusal_entry.h"

#include "common/time/proto_time.h"
#include "services/policy/audit/entry_parts.h"

namespace airlock::policy {

AuditEntry RefusalEntry(const Refusal& refusal, std::uint64_t left_out,
                        absl::Time now) {
  AuditEntry entry = NewEntry(airlock::v1::AUDIT_EVENT_TYPE_REFUSED,
                              ToProto(now), refusal.actor);
  entry.record.set_agent(RecordText(refusal.agent));
  entry.record.set_outcome("refused");
  entry.record.set_reason(RecordText(refusal.reason));
  entry.payload = Payload([&](JsonWriter& json) {
    WriteOptional("method", refusal.method, json);
    WriteOptional("message", refusal.message, json);
    WriteOptional("peerAddress", refusal.peer_address, json);
    WriteOptional("reportedBy", refusal.reported_by, json);
    if (refusal.count != 1) json.Unsigned("count", refusal.count);
    if (refusal.first_time != absl::InfinitePast()) {
      json.Text("firstTime",
                absl::FormatTime(refusal.first_time, absl::UTCTimeZone()));
    }
    if (left_out > 0) json.Unsigned("leftOutBefore", left_out);
  });
  return entry;
}

}  // namespace airlock::policy
