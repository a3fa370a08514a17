#include "services/policy/dispatch/standing_subject.h"

#include "airlock/internal/v1/spec.pb.h"
#include "common/security/digest.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/action_facts.h"

namespace airlock::policy {

StandingSubject SubjectOf(const Execution& execution) {
  airlock::internal::v1::ExecutionSpec spec;
  // Of one that cannot be read the action has no kind, which nothing covers.
  spec.ParseFromString(execution.spec);
  StandingSubject subject;
  subject.agent = execution.agent();
  subject.session = execution.record.execution.session();
  subject.action_hash = HexEncode(ActionHash(execution.spec));
  subject.shape = ShapeFromAction(spec.action());
  return subject;
}

DecisionResult DecideAgain(const AgentContract& contract,
                           const Execution& execution) {
  airlock::internal::v1::ExecutionSpec spec;
  // What cannot be read is denied.
  if (!spec.ParseFromString(execution.spec)) return {};
  return Decide(contract, FactsFromAction(spec.action(), execution.agent()));
}

}  // namespace airlock::policy
