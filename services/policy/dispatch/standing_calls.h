// What clients ask about standing approvals.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/concurrency/serializer.h"
#include "common/security/authenticator.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/approval_flow.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/standing_flow.h"
#include "services/policy/standing/question_memory.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Thread-safe: every call is applied inside the serializer. Nothing blocks. All
// arguments must outlive it.
class StandingCalls {
 public:
  struct Parts {
    Serializer& serializer;
    Store& store;
    ExecutionTable& table;
    ApprovalFlow& approvals;
    StandingFlow& standing;
    QuestionMemory& questions;
    const PolicySource& policy;
  };
  explicit StandingCalls(Parts parts) : p_(parts) {}

  template <typename Response>
  using Answer = std::function<void(absl::StatusOr<Response>)>;

  // NOT_FOUND: there is no such question. FAILED_PRECONDITION, reason
  // APPROVAL_ENDED: it is not pending any more.
  void Suggest(const Principal& principal,
               const airlock::v1::SuggestStandingApprovalsRequest& request,
               Answer<airlock::v1::SuggestStandingApprovalsResponse> done);
  // The same, and as StandingFlow::Give().
  void Create(const Principal& principal,
              const airlock::v1::CreateStandingApprovalRequest& request,
              Answer<airlock::v1::CreateStandingApprovalResponse> done);
  // PERMISSION_DENIED, reason OTHER_AGENT: an agent asks for others'.
  void List(const Principal& principal,
            const airlock::v1::ListStandingApprovalsRequest& request,
            Answer<airlock::v1::ListStandingApprovalsResponse> done);
  // As StandingFlow::Revoke().
  void Revoke(const Principal& principal,
              const airlock::v1::RevokeStandingApprovalRequest& request,
              Answer<airlock::v1::RevokeStandingApprovalResponse> done);

 private:
  using Found = std::function<void(const airlock::v1::Approval& question,
                                   const Execution& execution)>;

  // Finds the open question; `then` or `otherwise` is called in the serializer,
  // which this must be called in.
  void WithQuestion(const std::string& id, const Found& then,
                    const std::function<void(absl::Status)>& otherwise);
  airlock::v1::SuggestStandingApprovalsResponse SuggestFor(
      const airlock::v1::Approval& question, const Execution& execution) const;

  Parts p_;
};

}  // namespace airlock::policy
