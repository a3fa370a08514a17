// Recorded executions for the tests of reports.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/security/digest.h"
#include "common/security/sortable_id.h"
#include "common/time/proto_time.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/decide.h"
#include "services/policy/store/store.h"
#include "tests/support/contract_from_text.h"

namespace airlock::policy {

inline constexpr absl::Time kNoon = absl::FromUnixSeconds(1'800'000'000);

// A shell line.
inline airlock::v1::Action Shell(const std::string& line) {
  airlock::v1::Action action;
  action.mutable_system_command()->set_shell(line);
  return action;
}

// `action`, asked for by `agent` at `time`, and decided by the text of a
// configuration file. It has not started.
inline ExecutionHistory Recorded(const std::string& agent,
                                 const airlock::v1::Action& action,
                                 const std::string& config, absl::Time time) {
  ExecutionHistory recorded;
  airlock::v1::Execution& execution = recorded.execution;
  execution.set_id(NewSortableId(time));
  execution.set_agent(agent);
  execution.set_action_kind(
      static_cast<airlock::v1::ActionKind>(action.kind_case()));
  execution.set_state(airlock::v1::Execution::STATE_QUEUED);
  *execution.mutable_create_time() = ToProto(time);
  *execution.mutable_decision() =
      DecisionToProto(Decide(ContractFromText(config)->ForAgent(agent),
                             FactsFromAction(action, agent)));
  airlock::internal::v1::ExecutionSpec spec;
  spec.set_execution_id(execution.id());
  spec.set_agent(agent);
  *spec.mutable_action() = action;
  recorded.spec = spec.SerializeAsString();
  execution.set_digest(HexEncode(SpecDigest(recorded.spec)));
  return recorded;
}

// It ran for `took` and exited.
inline ExecutionHistory Ran(ExecutionHistory recorded, absl::Duration took) {
  airlock::v1::Execution& execution = recorded.execution;
  const absl::Time start = FromProto(execution.create_time());
  *execution.mutable_start_time() = ToProto(start);
  *execution.mutable_end_time() = ToProto(start + took);
  execution.set_state(airlock::v1::Execution::STATE_FINISHED);
  execution.mutable_outcome()->set_ended_by(
      airlock::v1::Outcome::ENDED_BY_EXITED);
  return recorded;
}

// A human was asked about it, and the question ended like this.
inline ExecutionHistory Asked(ExecutionHistory recorded,
                              airlock::v1::Approval::State state,
                              absl::Duration took) {
  airlock::v1::Execution& execution = recorded.execution;
  ApprovalRecord record;
  airlock::v1::Approval& approval = record.approval;
  approval.set_id(absl::StrCat("a-of-", execution.id()));
  approval.set_execution_id(execution.id());
  approval.set_agent(execution.agent());
  approval.set_state(state);
  *approval.mutable_create_time() = execution.create_time();
  if (state != airlock::v1::Approval::STATE_PENDING) {
    *approval.mutable_end_time() =
        ToProto(FromProto(execution.create_time()) + took);
  }
  record.action_hash = ActionHash(recorded.spec);
  execution.set_approval_id(approval.id());
  recorded.approval = std::move(record);
  return recorded;
}

}  // namespace airlock::policy
