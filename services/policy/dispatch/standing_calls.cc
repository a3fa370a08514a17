#include "services/policy/dispatch/standing_calls.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/approval/approval_machine.h"
#include "services/policy/dispatch/standing_subject.h"
#include "services/policy/engine/page_request.h"
#include "services/policy/standing/standing_rules.h"
#include "services/policy/standing/standing_suggestions.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::StandingApproval;

// Why there is no open question.
absl::Status NotPendingError(
    const std::string& id,
    const absl::StatusOr<std::optional<ApprovalRecord>>& found) {
  if (!found.ok()) return found.status();
  if (!found->has_value()) {
    return MakeError(absl::StatusCode::kNotFound, "APPROVAL_NOT_FOUND",
                     absl::StrCat("there is no approval with id \"", id, "\""),
                     {{"id", id}});
  }
  const std::string& state = Approval::State_Name((*found)->approval.state());
  return MakeError(
      absl::StatusCode::kFailedPrecondition, kReasonApprovalEnded,
      absl::StrCat("approval ", id, " is not pending any more: ", state),
      {{"id", id}, {"state", state}});
}

// As records name who revokes.
std::string ActorOf(const Principal& principal) {
  return principal.role == airlock::v1::PRINCIPAL_ROLE_APPROVER
             ? absl::StrCat("web:", principal.id)
             : principal.id;
}

// A callback that puts a permission into its response.
template <typename Response, typename Done>
StandingFlow::Done Into(Done done) {
  return [done = std::move(done)](absl::StatusOr<StandingApproval> result) {
    if (!result.ok()) {
      done(result.status());
      return;
    }
    Response response;
    *response.mutable_standing_approval() = *std::move(result);
    done(std::move(response));
  };
}

}  // namespace

void StandingCalls::WithQuestion(
    const std::string& id, const Found& then,
    const std::function<void(absl::Status)>& otherwise) {
  const Approval* question = p_.approvals.FindPending(id);
  if (question != nullptr) {
    then(*question, *p_.table.Find(question->execution_id()));
    return;
  }
  p_.store.FindApproval(
      id, [this, id,
           otherwise](absl::StatusOr<std::optional<ApprovalRecord>> found) {
        p_.serializer.Submit([id, otherwise, found = std::move(found)] {
          otherwise(NotPendingError(id, found));
        });
      });
}

void StandingCalls::Suggest(
    const Principal& /*principal*/,
    const airlock::v1::SuggestStandingApprovalsRequest& request,
    Answer<airlock::v1::SuggestStandingApprovalsResponse> done) {
  p_.serializer.Submit([this, id = request.approval_id(),
                        done = std::move(done)] {
    WithQuestion(
        id,
        [this, &done](const Approval& question, const Execution& execution) {
          done(SuggestFor(question, execution));
        },
        [done](const absl::Status& status) { done(status); });
  });
}

airlock::v1::SuggestStandingApprovalsResponse StandingCalls::SuggestFor(
    const Approval& question, const Execution& execution) const {
  const std::shared_ptr<const LoadedPolicy> policy = p_.policy.Current();
  const AgentContract& contract = policy->contract->ForAgent(question.agent());
  airlock::v1::SuggestStandingApprovalsResponse response;
  const StandingSettings& settings = contract.approval.standing;
  *response.mutable_max_lifetime() = ToProto(settings.max_lifetime);
  response.set_max_uses(settings.max_uses);
  if (!CheckPermissible(question, contract, DecideAgain(contract, execution))
           .ok()) {
    return response;
  }
  for (airlock::v1::StandingSuggestion& suggestion : SuggestScopes(
           SubjectOf(execution), p_.questions.LastOf(question.agent()))) {
    *response.add_suggestions() = std::move(suggestion);
  }
  return response;
}

void StandingCalls::Create(
    const Principal& principal,
    const airlock::v1::CreateStandingApprovalRequest& request,
    Answer<airlock::v1::CreateStandingApprovalResponse> done) {
  p_.serializer.Submit([this, approver = absl::StrCat("web:", principal.id),
                        request, done = std::move(done)] {
    WithQuestion(
        request.approval_id(),
        [&](const Approval& question, const Execution& execution) {
          p_.standing.Give(
              question, execution, approver, request,
              Into<airlock::v1::CreateStandingApprovalResponse>(done));
        },
        [done](const absl::Status& status) { done(status); });
  });
}

void StandingCalls::List(
    const Principal& principal,
    const airlock::v1::ListStandingApprovalsRequest& request,
    Answer<airlock::v1::ListStandingApprovalsResponse> done) {
  absl::StatusOr<std::string> agent = AgentToList(principal, request.agent());
  if (!agent.ok()) {
    done(agent.status());
    return;
  }
  p_.serializer.Submit(
      [this, agent = *std::move(agent), done = std::move(done)] {
        airlock::v1::ListStandingApprovalsResponse response;
        for (StandingApproval& permission : p_.standing.List(agent)) {
          *response.add_standing_approvals() = std::move(permission);
        }
        done(std::move(response));
      });
}

void StandingCalls::Revoke(
    const Principal& principal,
    const airlock::v1::RevokeStandingApprovalRequest& request,
    Answer<airlock::v1::RevokeStandingApprovalResponse> done) {
  p_.serializer.Submit([this, id = request.id(), actor = ActorOf(principal),
                        done = std::move(done)] {
    p_.standing.Revoke(id, actor,
                       Into<airlock::v1::RevokeStandingApprovalResponse>(done));
  });
}

}  // namespace airlock::policy
