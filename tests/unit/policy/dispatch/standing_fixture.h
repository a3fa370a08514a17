// A dispatcher whose humans give permissions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {

// Commands of "ada" are asked about, unless the configuration says otherwise.
class StandingFixture : public DispatchFixture {
 protected:
  using StandingApproval = airlock::v1::StandingApproval;
  using CreateRequest = airlock::v1::CreateStandingApprovalRequest;

  static constexpr char kSupervised[] =
      R"({"autonomy":{"level":"supervised"}})";

  explicit StandingFixture(const std::string& config = kSupervised)
      : DispatchFixture(config) {}

  // Whatever begins with `echo`, for half an hour.
  static CreateRequest RequestFor(const airlock::v1::Approval& question,
                                  std::uint32_t max_uses = 2) {
    CreateRequest request;
    request.set_approval_id(question.id());
    request.set_digest(question.digest());
    request.mutable_scope()->set_agent(question.agent());
    airlock::v1::ActionPattern& pattern =
        *request.mutable_scope()->mutable_pattern();
    pattern.set_action_kind(airlock::v1::ACTION_KIND_SYSTEM_COMMAND);
    pattern.add_argv_prefix("echo");
    *request.mutable_lifetime() = ToProto(absl::Minutes(30));
    request.set_max_uses(max_uses);
    return request;
  }

  // Calls one method; its answer may come after this has returned.
  template <typename Response, typename Request, typename Method>
  std::shared_ptr<absl::StatusOr<Response>> Call(
      const std::string& who, airlock::v1::PrincipalRole role,
      const Request& request, Method method) {
    const auto result = std::make_shared<absl::StatusOr<Response>>(
        absl::InternalError("no answer"));
    (dispatcher_->standing().*method)(
        {who, role}, request,
        [result](auto answer) { *result = std::move(answer); });
    return result;
  }

  absl::StatusOr<StandingApproval> Create(const std::string& approver,
                                          const CreateRequest& request) {
    const auto answer = Call<airlock::v1::CreateStandingApprovalResponse>(
        approver, airlock::v1::PRINCIPAL_ROLE_APPROVER, request,
        &StandingCalls::Create);
    if (!answer->ok()) return answer->status();
    return (*answer)->standing_approval();
  }

  std::shared_ptr<absl::StatusOr<airlock::v1::RevokeStandingApprovalResponse>>
  Revoke(const std::string& id) {
    airlock::v1::RevokeStandingApprovalRequest request;
    request.set_id(id);
    return Call<airlock::v1::RevokeStandingApprovalResponse>(
        "eva", airlock::v1::PRINCIPAL_ROLE_APPROVER, request,
        &StandingCalls::Revoke);
  }

  airlock::v1::SuggestStandingApprovalsResponse Suggest(
      const std::string& approval_id) {
    airlock::v1::SuggestStandingApprovalsRequest request;
    request.set_approval_id(approval_id);
    const auto answer = Call<airlock::v1::SuggestStandingApprovalsResponse>(
        "bob", airlock::v1::PRINCIPAL_ROLE_APPROVER, request,
        &StandingCalls::Suggest);
    EXPECT_THAT(*answer, IsOk());
    return answer->ok() ? **answer
                        : airlock::v1::SuggestStandingApprovalsResponse();
  }

  std::vector<StandingApproval> List(const std::string& agent = "") {
    airlock::v1::ListStandingApprovalsRequest request;
    request.set_agent(agent);
    const auto answer = Call<airlock::v1::ListStandingApprovalsResponse>(
        "olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR, request,
        &StandingCalls::List);
    EXPECT_THAT(*answer, IsOk());
    if (!answer->ok()) return {};
    return {(*answer)->standing_approvals().begin(),
            (*answer)->standing_approvals().end()};
  }

  // Asks as ada, and bob permits what begins with `echo`. The question stays
  // open, and the next one is given from it.
  StandingApproval GiveEcho(std::uint32_t max_uses = 2) {
    if (question_.id().empty()) {
      question_ = PendingOf(*Execute("ada", "question", "first"));
    }
    // Ids sort by the millisecond.
    clock_.Advance(absl::Milliseconds(1));
    const auto given = Create("bob", RequestFor(question_, max_uses));
    EXPECT_THAT(given.status(), IsOk());
    return given.value_or(StandingApproval());
  }

  // Whether a human was asked.
  static bool Asked(const FakeSink& sink) {
    for (const airlock::v1::ExecutionEvent& event : sink.events()) {
      if (event.has_approval()) return true;
    }
    return false;
  }

  airlock::v1::Execution::State StateOf(const FakeSink& sink) {
    return Get("ada", sink.id())->state();
  }

  // The actors and outcomes of the audit's records of one type.
  std::vector<std::string> AuditOutcomes(airlock::v1::AuditEventType type) {
    std::vector<std::string> outcomes;
    store_.ReadAudit(1, 1000, [&](auto records) {
      for (const airlock::v1::SealedAuditRecord& sealed : *records) {
        airlock::v1::AuditRecord record;
        EXPECT_TRUE(record.ParseFromString(sealed.record()));
        if (record.type() == type) {
          outcomes.push_back(record.actor() + " " + record.outcome());
        }
      }
    });
    return outcomes;
  }

 private:
  airlock::v1::Approval question_;
};

}  // namespace airlock::policy
