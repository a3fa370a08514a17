#include "tests/integration/policy/life.h"

#include <gtest/gtest.h>

#include <utility>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

constexpr auto kYes = ApprovalAnswer::ANSWER_APPROVE;
constexpr auto kNo = ApprovalAnswer::ANSWER_REJECT;
constexpr char kSession[] = "s";

const Principal& Operator() {
  static const auto* const principal =
      new Principal{"olga", airlock::v1::PRINCIPAL_ROLE_OPERATOR};
  return *principal;
}

bool HasStarted(const Ledger& ledger, const std::string& execution_id) {
  for (const Ledger::Line& line : ledger.Read()) {
    if (line[0] == "start" && line[1] == execution_id) return true;
  }
  return false;
}

Principal Agent(const std::string& id) {
  return {id, airlock::v1::PRINCIPAL_ROLE_AGENT};
}

}  // namespace

Life::Life(Service& service, Ledger& ledger)
    : service_(service),
      ledger_(ledger),
      executor_(
          std::make_shared<ScriptedExecutor>(service.dispatcher(), ledger)) {}

Life::~Life() = default;

void Life::Live() {
  executor_->Connect();
  Settle();
  Act();
  LiveApproval();
  LiveQuorum();
  LiveRejection();
  LivePermission();
  LiveSession();
  LiveCancellations();
  LiveFreezes();
  LivePolicyChange();
  LiveDeadline();
  LiveSweep();
}

// An executor has room for it before anybody has agreed.
void Life::LiveApproval() {
  const Client asked = Code("ada", "r1");
  Offer(*asked);
  Finish(asked, {{"bob", kYes}});
}

void Life::LiveQuorum() {
  const Client asked = Code("quinn", "r1");
  Offer(*asked);
  Finish(asked, {{"bob", kYes}, {"eva", kYes}});
}

void Life::LiveRejection() {
  Finish(Code("rex", "r1"), {{"bob", kNo}});
  // The same again, which is not even asked.
  Finish(Code("rex", "r2"));
}

void Life::LivePermission() {
  const Client asked = Code("stan", "r1");
  Permit(*asked);
  Finish(asked, {{"bob", kYes}});
  // Both may start by it until one of them has.
  const Client one = Code("stan", "r2");
  const Client other = Code("stan", "r3");
  Offer(*one);
  Offer(*other);
  WhileStarting([] {});
  Finish(one, {{"bob", kYes}});
  Finish(other, {{"bob", kYes}});
}

void Life::LiveSession() {
  CreateSession();
  FinishInSession("r1");
  // The sandbox is there, so the job comes with its grant.
  FinishInSession("r2");
}

void Life::LiveCancellations() {
  const Client asked = Code("cal", "r1");
  Cancel(asked);
  Finish(asked);

  const Client waiting = Command("cal", "r2");
  Pass(absl::Seconds(1));
  Cancel(waiting);
  Finish(waiting);

  const Client starting = Command("cal", "r3");
  Offer(*starting);
  WhileStarting([&] { Cancel(starting); });
  Finish(starting);

  const Client running = Command("cal", "r4");
  Offer(*running);
  WhileStarting([] {});
  Cancel(running);
  Finish(running);
}

void Life::LiveFreezes() {
  Freeze();
  const Client frozen = Command("fay", "r1");
  Offer(*frozen);
  Pass(absl::Seconds(1));
  Act();
  Thaw();
  Finish(frozen);

  const Client starting = Command("fay", "r2");
  Offer(*starting);
  WhileStarting([this] { Freeze(); });
  Act();
  Thaw();
  Finish(starting);
}

void Life::LivePolicyChange() {
  const Client asked = Code("pol", "r1");
  const Client approved = Code("pol", "r2");
  Answer(*approved, {{"bob", kYes}});
  const Client waiting = Command("pol", "r3");
  Pass(absl::Seconds(1));
  service_.ForbidPol();
  Pass(absl::Seconds(1));
  Finish(asked);
  Finish(approved);
  Finish(waiting);
}

void Life::LiveDeadline() {
  const Client asked = Code("dan", "r1");
  for (int i = 0; i < 62; ++i) Pass(absl::Seconds(1));
  Finish(asked);
}

void Life::LiveSweep() {
  Retention retention;
  retention.executions_before = service_.clock().Now();
  retention.audit_payloads_before = service_.clock().Now();
  service_.store().Forget(retention, [](const absl::Status& status) {
    EXPECT_THAT(status, IsOk());
  });
  Settle();
}

Life::Client Life::Code(const std::string& agent,
                        const std::string& request_id) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(request_id);
  request.mutable_action()->mutable_code_exec()->set_language("python");
  request.mutable_action()->mutable_code_exec()->set_code("print(1)");
  return Send(agent, request);
}

Life::Client Life::Command(const std::string& agent,
                           const std::string& request_id,
                           const std::string& session) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(request_id);
  request.set_session(session);
  request.mutable_action()->mutable_system_command()->set_shell("true");
  return Send(agent, request);
}

Life::Client Life::Send(const std::string& agent,
                        const airlock::v1::ExecuteRequest& request) {
  auto client =
      std::make_shared<ScriptedClient>(service_.dispatcher(), ledger_, agent);
  clients_.push_back(client);
  service_.dispatcher().Execute(client->watcher(), Agent(agent), request,
                                client);
  Settle();
  return client;
}

void Life::Finish(const Client& client, const std::vector<Reply>& replies) {
  Answer(*client, replies);
  Act();
  Offer(*client);
  Act();
  EXPECT_TRUE(client->ended().has_value() || !client->finished().ok())
      << client->agent() << " waits for ever";
}

void Life::Offer(const ScriptedClient& client) {
  if (client.ended().has_value()) return;
  executor_->GiveCredit();
  Settle();
}

std::vector<Approval> Life::PendingOf(const ScriptedClient& client) {
  airlock::v1::ListApprovalsRequest request;
  request.set_agent(client.agent());
  request.set_state(Approval::STATE_PENDING);
  std::vector<Approval> pending;
  service_.dispatcher().approvals().List(
      Operator(), request, [&](const auto& response) {
        ASSERT_THAT(response, IsOk());
        for (const Approval& approval : response->approvals()) {
          if (approval.execution_id() == client.id()) {
            pending.push_back(approval);
          }
        }
      });
  Settle();
  return pending;
}

void Life::Answer(const ScriptedClient& client,
                  const std::vector<Reply>& replies) {
  for (const Approval& approval : PendingOf(client)) {
    // Whoever has answered does not know whether it was heard, and says it
    // again.
    for (const Reply& reply : replies) {
      Act();
      EXPECT_FALSE(HasStarted(ledger_, client.id()))
          << client.agent() << " did not wait for " << reply.approver;
      Decide(approval, reply);
    }
  }
}

void Life::Decide(const Approval& approval, const Reply& reply) {
  airlock::v1::DecideApprovalRequest request;
  request.set_id(approval.id());
  request.set_answer(reply.answer);
  request.set_comment("said by " + reply.approver);
  request.set_digest(approval.digest());
  service_.dispatcher().approvals().Decide(
      {reply.approver, airlock::v1::PRINCIPAL_ROLE_APPROVER}, request,
      [this, reply](const auto& decided) {
        ASSERT_THAT(decided, IsOk());
        ledger_.Write({"heard", decided->id(), "web:" + reply.approver,
                       ApprovalAnswer::Answer_Name(reply.answer)});
        ledger_.Write(
            {"told", decided->id(), Approval::State_Name(decided->state())});
      });
  Settle();
}

void Life::Permit(const ScriptedClient& client) {
  StandingCalls& standing = service_.dispatcher().standing();
  airlock::v1::ListStandingApprovalsRequest list;
  list.set_agent(client.agent());
  bool has_one = false;
  standing.List(Operator(), list, [&has_one](const auto& response) {
    ASSERT_THAT(response, IsOk());
    has_one = response->standing_approvals_size() > 0;
  });
  Settle();
  // One that is there already is as good.
  if (has_one) return;
  for (const Approval& approval : PendingOf(client)) {
    airlock::v1::CreateStandingApprovalRequest request;
    request.set_approval_id(approval.id());
    request.set_digest(approval.digest());
    request.mutable_scope()->set_agent(client.agent());
    request.mutable_scope()->set_action_hash(approval.action_hash());
    request.mutable_lifetime()->set_seconds(8 * 3600);
    request.set_max_uses(1);
    standing.Create(
        {"bob", airlock::v1::PRINCIPAL_ROLE_APPROVER}, request,
        [this](const auto& response) {
          ASSERT_THAT(response, IsOk());
          ledger_.Write({"permitted", response->standing_approval().id()});
        });
    Settle();
  }
}

void Life::Cancel(const Client& client) {
  service_.dispatcher().Cancel(
      Agent(client->agent()), client->id(),
      [](const auto& execution) { EXPECT_THAT(execution, IsOk()); });
}

void Life::Freeze() {
  airlock::v1::FreezeRequest request;
  request.set_agent("fay");
  ledger_.Write({"freezing"});
  service_.dispatcher().Freeze(Operator(), request,
                               [this](const auto& response) {
                                 EXPECT_THAT(response, IsOk());
                                 ledger_.Write({"frozen"});
                               });
}

void Life::Thaw() {
  Settle();
  airlock::v1::ThawRequest request;
  request.set_agent("fay");
  ledger_.Write({"thawing"});
  service_.dispatcher().Thaw(Operator(), request, [this](const auto& response) {
    EXPECT_THAT(response, IsOk());
    ledger_.Write({"thawed"});
  });
  Settle();
}

void Life::WhileStarting(const std::function<void()>& action) {
  Settle();
  service_.store().Hold();
  executor_->SayReady();
  action();
  service_.store().Release();
  Settle();
}

void Life::CreateSession() {
  airlock::v1::CreateSessionRequest request;
  request.set_name(kSession);
  // One that is there already is as good.
  service_.dispatcher().sessions().Create(Agent("sam"), request,
                                          [](const auto& /*session*/) {});
  Settle();
}

void Life::FinishInSession(const std::string& request_id) {
  Client client = Command("sam", request_id, kSession);
  if (ErrorReason(client->finished()) == "SESSION_LOST") {
    CreateSession();
    client = Command("sam", request_id, kSession);
  }
  Finish(client);
  EXPECT_THAT(client->finished(), IsOk());
}

void Life::Pass(absl::Duration by) {
  service_.Advance(by);
  executor_->SayHeartbeat();
  service_.dispatcher().Tick();
  Settle();
}

void Life::Act() {
  while (executor_->Act()) Settle();
}

}  // namespace airlock::policy
