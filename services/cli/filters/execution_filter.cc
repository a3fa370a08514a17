#include "services/cli/filters/execution_filter.h"

#include "common/time/proto_time.h"
#include "services/cli/filters/filter_words.h"

namespace airlock::cli {
namespace {

using airlock::v1::Execution;
using airlock::v1::ListExecutionsRequest;
using airlock::v1::Outcome;

// `Message` has `from_time`, `to_time` and `agent`.
template <typename Message>
absl::Status SetRange(const RangeOptions& options, absl::Time now,
                      Message& message) {
  message.set_agent(options.agent);
  if (!options.since.empty()) {
    const auto since = TimeFromText(options.since, "--since", now);
    if (!since.ok()) return since.status();
    *message.mutable_from_time() = ToProto(*since);
  }
  if (!options.until.empty()) {
    const auto until = TimeFromText(options.until, "--until", now);
    if (!until.ok()) return until.status();
    *message.mutable_to_time() = ToProto(*until);
  }
  return absl::OkStatus();
}

absl::Status SetWords(const ExecutionFilterOptions& options,
                      ListExecutionsRequest& request) {
  if (!options.action.empty()) {
    const auto kind = ValueFromWord(*airlock::v1::ActionKind_descriptor(),
                                    options.action, "--action");
    if (!kind.ok()) return kind.status();
    request.set_action_kind(static_cast<airlock::v1::ActionKind>(*kind));
  }
  if (!options.state.empty()) {
    const auto state = ValueFromWord(*Execution::State_descriptor(),
                                     options.state, "--standing");
    if (!state.ok()) return state.status();
    request.set_state(static_cast<Execution::State>(*state));
  }
  if (!options.ended_by.empty()) {
    const auto ended_by = ValueFromWord(*Outcome::EndedBy_descriptor(),
                                        options.ended_by, "--ended-by");
    if (!ended_by.ok()) return ended_by.status();
    request.set_ended_by(static_cast<Outcome::EndedBy>(*ended_by));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ListExecutionsRequest> ListRequestFromOptions(
    const ExecutionFilterOptions& options, absl::Time now) {
  ListExecutionsRequest request;
  request.set_text(options.text);
  absl::Status status = SetRange(options.range, now, request);
  if (status.ok()) status = SetWords(options, request);
  if (!status.ok()) return status;
  return request;
}

absl::StatusOr<airlock::v1::ReportRange> RangeFromOptions(
    const RangeOptions& options, absl::Time now) {
  airlock::v1::ReportRange range;
  absl::Status status = SetRange(options, now, range);
  if (!status.ok()) return status;
  return range;
}

}  // namespace airlock::cli
