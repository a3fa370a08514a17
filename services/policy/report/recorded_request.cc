#include "services/policy/report/recorded_request.h"

#include "airlock/internal/v1/spec.pb.h"
#include "common/json/enum_word.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approval_machine.h"
#include "services/policy/dispatch/spec_builder.h"

namespace airlock::policy {

using airlock::v1::Approval;
using airlock::v1::Execution;
using airlock::v1::Outcome;

std::optional<ActionFacts> FactsOfRecorded(const ExecutionHistory& recorded) {
  airlock::internal::v1::ExecutionSpec spec;
  const bool readable =
      !recorded.spec.empty() &&
      HexEncode(SpecDigest(recorded.spec)) == recorded.execution.digest() &&
      spec.ParseFromString(recorded.spec);
  if (!readable) return std::nullopt;
  return FactsFromAction(spec.action(), recorded.execution.agent());
}

const Approval* QuestionOf(const ExecutionHistory& recorded) {
  if (!recorded.approval.has_value()) return nullptr;
  const Approval& approval = recorded.approval->approval;
  return approval.execution_id() == recorded.execution.id() ? &approval
                                                            : nullptr;
}

std::optional<absl::Duration> TimeToAnswer(const ExecutionHistory& recorded) {
  const Approval* question = QuestionOf(recorded);
  if (question == nullptr || !question->has_end_time()) return std::nullopt;
  const bool decided = question->state() == Approval::STATE_APPROVED ||
                       question->state() == Approval::STATE_REJECTED;
  if (!decided || question->state_reason() == kReasonDefaultAction) {
    return std::nullopt;
  }
  return FromProto(question->end_time()) - FromProto(question->create_time());
}

std::optional<absl::Duration> RunTime(const Execution& execution) {
  if (!execution.has_start_time() || !execution.has_end_time()) {
    return std::nullopt;
  }
  return FromProto(execution.end_time()) - FromProto(execution.start_time());
}

std::string ResultWord(const Execution& execution) {
  if (execution.state() == Execution::STATE_FINISHED) {
    return EnumWord(*Outcome::EndedBy_descriptor(),
                    execution.outcome().ended_by());
  }
  return EnumWord(*Execution::State_descriptor(), execution.state());
}

}  // namespace airlock::policy
