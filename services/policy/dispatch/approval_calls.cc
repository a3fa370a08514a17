#include "services/policy/dispatch/approval_calls.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "services/policy/approval/action_view.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/page_request.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;

// Escaping may make the text of an action longer, and a message has at most
// 16 MiB.
constexpr std::size_t kMaxViewBytes = std::size_t{12} << 20;

absl::Status NotFoundError(const std::string& id) {
  return MakeError(absl::StatusCode::kNotFound, "APPROVAL_NOT_FOUND",
                   absl::StrCat("there is no approval with id \"", id, "\""),
                   {{"id", id}});
}

// As approvals name who answers; empty: it is no approver.
std::string ApproverOf(const Principal& principal) {
  return principal.role == airlock::v1::PRINCIPAL_ROLE_APPROVER
             ? absl::StrCat("web:", principal.id)
             : "";
}

bool MaySee(const Principal& principal, const Approval& approval) {
  return principal.role != airlock::v1::PRINCIPAL_ROLE_AGENT ||
         principal.id == approval.agent();
}

absl::Status NotAskedAboutError(const std::string& id) {
  return MakeError(absl::StatusCode::kDataLoss, "STORE_DAMAGED",
                   absl::StrCat("what the store has of approval ", id,
                                " is not what was asked about, so it is not "
                                "shown; it cannot start either"),
                   {{"id", id}});
}

}  // namespace

void ApprovalCalls::Find(
    const Principal& principal, const std::string& id,
    std::function<void(absl::StatusOr<ApprovalRecord>)> then) {
  p_.store.FindApproval(
      id, [this, principal, id, then = std::move(then)](
              absl::StatusOr<std::optional<ApprovalRecord>> found) {
        p_.serializer.Submit([principal, id, then, found = std::move(found)] {
          if (!found.ok()) {
            then(found.status());
          } else if (!found->has_value() ||
                     !MaySee(principal, (*found)->approval)) {
            then(NotFoundError(id));
          } else {
            then(**found);
          }
        });
      });
}

void ApprovalCalls::List(const Principal& principal,
                         const airlock::v1::ListApprovalsRequest& request,
                         ListDone done) {
  FieldViolations violations;
  CheckPageSize(request.page_size(), violations);
  absl::Status valid = violations.ToStatus();
  const absl::StatusOr<std::string> agent =
      AgentToList(principal, request.agent());
  if (valid.ok()) valid = agent.status();
  if (!valid.ok()) {
    done(valid);
    return;
  }
  ApprovalQuery query;
  query.agent = *agent;
  query.state = request.state();
  query.page_size = EffectivePageSize(request.page_size());
  query.page_token = request.page_token();
  p_.store.ListApprovals(
      query, [done = std::move(done)](absl::StatusOr<ApprovalPage> page) {
        if (!page.ok()) {
          done(page.status());
          return;
        }
        airlock::v1::ListApprovalsResponse response;
        for (Approval& approval : page->approvals) {
          *response.add_approvals() = std::move(approval);
        }
        response.set_next_page_token(page->next_page_token);
        done(std::move(response));
      });
}

void ApprovalCalls::Get(const Principal& principal, const std::string& id,
                        ApprovalDone done) {
  Find(principal, id,
       [this, id, approver = ApproverOf(principal),
        done = std::move(done)](absl::StatusOr<ApprovalRecord> found) {
         if (!found.ok()) {
           done(found.status());
           return;
         }
         if (!approver.empty()) p_.approvals.OnDelivered(id, approver);
         AddView(std::move(found->approval), done);
       });
}

void ApprovalCalls::AddView(Approval approval, const ApprovalDone& done) {
  const auto policy = p_.policy.Current();
  if (!policy->contract->ForAgent(approval.agent())
           .approval.show_full_context) {
    done(std::move(approval));
    return;
  }
  // Rendering may take long, and holds nobody up where the store answers.
  p_.store.Find(
      approval.execution_id(),
      [approval, done](absl::StatusOr<std::optional<ExecutionRecord>> found) {
        if (!found.ok()) {
          done(found.status());
          return;
        }
        if (!found->has_value()) {
          done(approval);
          return;
        }
        if (HexEncode(SpecDigest((*found)->spec)) != approval.digest()) {
          done(NotAskedAboutError(approval.id()));
          return;
        }
        Approval shown = approval;
        *shown.mutable_view() = RenderAction((*found)->spec, kMaxViewBytes);
        done(std::move(shown));
      });
}

void ApprovalCalls::ReadTarget(const Principal& principal,
                               const std::string& id, TargetReader::Done done) {
  Find(principal, id,
       [this, asked_by = absl::StrCat("web:", principal.id),
        done = std::move(done)](const absl::StatusOr<ApprovalRecord>& found) {
         if (found.ok()) {
           p_.targets.Read(asked_by, found->approval, done);
         } else {
           done(found.status());
         }
       });
}

void ApprovalCalls::Decide(const Principal& principal,
                           const airlock::v1::DecideApprovalRequest& request,
                           ApprovalDone done) {
  AnswerInput answer;
  answer.approver = absl::StrCat("web:", principal.id);
  answer.answer = request.answer();
  answer.comment = request.comment();
  answer.digest_hex = request.digest();
  p_.serializer.Submit(
      [this, id = request.id(), answer = std::move(answer),
       done = std::move(done)] { p_.approvals.Answer(id, answer, done); });
}

void ApprovalCalls::Cancel(const Principal& principal, const std::string& id,
                           ApprovalDone done) {
  Find(principal, id,
       [this, id, actor = principal.id,
        done = std::move(done)](absl::StatusOr<ApprovalRecord> found) {
         if (!found.ok()) {
           done(found.status());
         } else {
           p_.approvals.Cancel(id, actor, done);
         }
       });
}

void ApprovalCalls::Watch(ApprovalWatcherId watcher, const Principal& principal,
                          const airlock::v1::WatchApprovalsRequest& request,
                          std::shared_ptr<ApprovalSink> sink) {
  const absl::StatusOr<std::string> agent =
      AgentToList(principal, request.agent());
  if (!agent.ok()) {
    sink->Finish(agent.status());
    return;
  }
  p_.serializer.Submit([this, watcher, agent = *agent,
                        approver = ApproverOf(principal),
                        sink = std::move(sink)] {
    p_.watchers.Attach(watcher, {agent, approver, sink},
                       p_.approvals.Pending());
  });
}

void ApprovalCalls::Written(ApprovalWatcherId watcher) {
  p_.serializer.Submit([this, watcher] {
    if (const auto seen = p_.watchers.Written(watcher)) {
      p_.approvals.OnDelivered(seen->approval_id, seen->approver);
    }
  });
}

void ApprovalCalls::Gone(ApprovalWatcherId watcher) {
  p_.serializer.Submit([this, watcher] { p_.watchers.Detach(watcher); });
}

}  // namespace airlock::policy
