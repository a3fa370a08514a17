#include "services/cli/audit/filter_options.h"

#include "absl/status/status.h"
#include "common/time/proto_time.h"
#include "services/cli/filters/filter_words.h"

namespace airlock::cli {
namespace {

absl::Status SetTimes(const FilterOptions& options, absl::Time now,
                      airlock::v1::AuditFilter& filter) {
  if (!options.since.empty()) {
    const auto since = TimeFromText(options.since, "--since", now);
    if (!since.ok()) return since.status();
    *filter.mutable_from_time() = ToProto(*since);
  }
  if (!options.until.empty()) {
    const auto until = TimeFromText(options.until, "--until", now);
    if (!until.ok()) return until.status();
    *filter.mutable_to_time() = ToProto(*until);
  }
  return absl::OkStatus();
}

absl::Status SetWords(const FilterOptions& options,
                      airlock::v1::AuditFilter& filter) {
  if (!options.action.empty()) {
    const auto kind = ValueFromWord(*airlock::v1::ActionKind_descriptor(),
                                    options.action, "--action");
    if (!kind.ok()) return kind.status();
    filter.set_action_kind(static_cast<airlock::v1::ActionKind>(*kind));
  }
  if (!options.type.empty()) {
    const auto type = ValueFromWord(*airlock::v1::AuditEventType_descriptor(),
                                    options.type, "--type");
    if (!type.ok()) return type.status();
    filter.set_type(static_cast<airlock::v1::AuditEventType>(*type));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<airlock::v1::AuditFilter> FilterFromOptions(
    const FilterOptions& options, absl::Time now) {
  airlock::v1::AuditFilter filter;
  filter.set_agent(options.agent);
  filter.set_outcome(options.outcome);
  filter.set_text(options.text);
  filter.set_execution_id(options.execution);
  absl::Status status = SetTimes(options, now, filter);
  if (status.ok()) status = SetWords(options, filter);
  if (!status.ok()) return status;
  return filter;
}

}  // namespace airlock::cli
