// Whether what was allowed once may still start.
#pragma once

#include <optional>

#include "airlock/v1/approval.pb.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/execution.h"
#include "services/policy/dispatch/placement.h"
#include "services/policy/dispatch/standing_flow.h"
#include "services/policy/dispatch/start_refusal.h"

namespace airlock::policy {

// Decides again where the policy is another one than when it was decided, asks
// whether an approval would still do, and compares what it was given for, spec
// and session, with what would start. What starts by a standing approval is the
// StandingFlow's to check.
// Not thread-safe: lives inside the dispatcher's serializer. All must outlive
// it.
class StartCheck {
 public:
  StartCheck(const PolicySource& policy, Placement& placement,
             StandingFlow& standing)
      : policy_(policy), placement_(placement), standing_(standing) {}

  // Nothing: it may start, and the policy in force is the one that lets it.
  std::optional<StartRefusal> Check(Execution& execution) const;

  // Nothing: an answer to this open question of its may still let it start.
  std::optional<StartRefusal> CheckQuestion(
      const Execution& execution, const airlock::v1::Approval& question) const;

  // As Check(), but for the session: its own START has moved that on.
  std::optional<StartRefusal> CheckAgain(const Execution& execution) const;

 private:
  std::optional<StartRefusal> CheckSession(const Execution& execution) const;
  static std::optional<StartRefusal> CheckAgreed(const LoadedPolicy& policy,
                                                 const Execution& execution);
  static std::optional<StartRefusal> CheckApproval(const Execution& execution);
  // `approval`: what was asked; null: nothing was.
  static std::optional<StartRefusal> CheckPolicy(
      const LoadedPolicy& policy, const Execution& execution,
      const airlock::v1::Approval* approval);

  const PolicySource& policy_;
  Placement& placement_;
  StandingFlow& standing_;
};

}  // namespace airlock::policy
