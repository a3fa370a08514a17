#include "services/policy/store/audit_filter.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditFilter;
using airlock::v1::AuditRecord;

// An unset field of a filter lets everything through.
template <typename T>
bool IsWanted(const T& wanted, const T& has) {
  return wanted == T() || wanted == has;
}

bool IsInTime(const AuditFilter& filter, const AuditRecord& record) {
  const absl::Time time = FromProto(record.time());
  return (!filter.has_from_time() || time >= FromProto(filter.from_time())) &&
         (!filter.has_to_time() || time < FromProto(filter.to_time()));
}

bool HasText(const AuditRecord& record, absl::string_view payload,
             const std::string& text) {
  return absl::StrContains(payload, text) ||
         absl::StrContains(record.actor(), text) ||
         absl::StrContains(record.reason(), text) ||
         absl::StrContains(record.rule(), text);
}

}  // namespace

bool Passes(const AuditFilter& filter, const AuditRecord& record,
            absl::string_view payload) {
  return IsInTime(filter, record) && IsWanted(filter.agent(), record.agent()) &&
         IsWanted(filter.action_kind(), record.action_kind()) &&
         IsWanted(filter.outcome(), record.outcome()) &&
         IsWanted(filter.type(), record.type()) &&
         IsWanted(filter.execution_id(), record.execution_id()) &&
         (filter.text().empty() || HasText(record, payload, filter.text()));
}

}  // namespace airlock::policy
