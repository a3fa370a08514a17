#include "services/policy/audit/audit_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/json/canonical_json.h"
#include "common/security/digest.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::AuditRecord;
using airlock::v1::Execution;
using airlock::v1::Outcome;
using airlock::v1::Session;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

Execution SomeExecution() {
  Execution execution;
  execution.set_id("e1");
  execution.set_agent("ci-bot");
  execution.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  execution.set_approval_id("a1");
  execution.set_session("build");
  execution.set_digest("abcd");
  execution.set_executor_id("x1");
  auto& decision = *execution.mutable_decision();
  decision.set_effect(airlock::v1::Decision::EFFECT_REQUIRE_APPROVAL);
  decision.set_rule("approvalGating.rules[1]");
  decision.set_reason("APPROVAL_REQUIRED");
  decision.set_explanation("rule 1 asks");
  *execution.mutable_create_time() = ToProto(kNow);
  *execution.mutable_start_time() = ToProto(kNow + absl::Seconds(1));
  *execution.mutable_end_time() = ToProto(kNow + absl::Seconds(2));
  return execution;
}

Approval SomeApproval() {
  Approval approval;
  approval.set_id("a1");
  approval.set_execution_id("e1");
  approval.set_agent("ci-bot");
  approval.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  approval.set_session("build");
  approval.set_digest("abcd");
  approval.set_rule("approvalGating.rules[1]");
  approval.set_required_approvals(2);
  approval.add_approvers("web:ann");
  approval.set_channel("web");
  approval.set_summary("python: print(1)");
  *approval.mutable_create_time() = ToProto(kNow);
  *approval.mutable_deadline() = ToProto(kNow + absl::Minutes(5));
  *approval.mutable_end_time() = ToProto(kNow + absl::Seconds(3));
  return approval;
}

airlock::v1::ApprovalAnswer AnswerOf(const std::string& approver) {
  airlock::v1::ApprovalAnswer answer;
  answer.set_answer(airlock::v1::ApprovalAnswer::ANSWER_REJECT);
  answer.set_approver(approver);
  answer.set_person("Ann");
  answer.set_comment("not today");
  *answer.mutable_time() = ToProto(kNow + absl::Seconds(2));
  return answer;
}

// What every record about SomeExecution() or SomeApproval() says of it.
void ExpectAboutTheExecution(const AuditRecord& record) {
  EXPECT_EQ(record.agent(), "ci-bot");
  EXPECT_EQ(record.execution_id(), "e1");
  EXPECT_EQ(record.approval_id(), "a1");
  EXPECT_EQ(record.session(), "build");
  EXPECT_EQ(record.action_kind(), airlock::v1::ACTION_KIND_CODE_EXEC);
  EXPECT_EQ(record.rule(), "approvalGating.rules[1]");
  EXPECT_EQ(record.digest(), "abcd");
}

// What only the chain knows is left to it, and the payload can be verified from
// an export.
void ExpectReadyForTheChain(const AuditEntry& entry) {
  EXPECT_EQ(entry.record.sequence(), 0U);
  EXPECT_EQ(entry.record.writer(), "");
  EXPECT_EQ(entry.record.previous_hash(), "");
  EXPECT_EQ(entry.record.payload_sha256(), "");
  if (!entry.payload.empty()) {
    EXPECT_EQ(CanonicalJson(entry.payload), entry.payload);
  }
}

TEST(AuditEntriesTest, RequestTellsTheDecisionAndWhatWasAskedFor) {
  airlock::v1::ExecuteRequest request;
  request.mutable_action()->mutable_code_exec()->set_code("print(1)");

  const AuditEntry entry = RequestEntry(SomeExecution(), request, "v7");

  ExpectReadyForTheChain(entry);
  ExpectAboutTheExecution(entry.record);
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_REQUEST);
  EXPECT_EQ(entry.record.actor(), "ci-bot");
  EXPECT_EQ(FromProto(entry.record.time()), kNow);
  EXPECT_EQ(entry.record.outcome(), "require_approval");
  EXPECT_EQ(entry.record.reason(), "APPROVAL_REQUIRED");
  EXPECT_EQ(entry.record.policy_version(), "v7");
  EXPECT_EQ(entry.payload,
            R"({"explanation":"rule 1 asks",)"
            R"x("request":{"action":{"codeExec":{"code":"print(1)"}}}})x");
}

TEST(AuditEntriesTest, AskedTellsWhoIsAskedUntilWhen) {
  const AuditEntry entry = ApprovalAskedEntry(SomeApproval(), "v7");

  ExpectReadyForTheChain(entry);
  ExpectAboutTheExecution(entry.record);
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED);
  EXPECT_EQ(entry.record.actor(), "airlock");
  EXPECT_EQ(FromProto(entry.record.time()), kNow);
  EXPECT_EQ(entry.record.policy_version(), "v7");
  EXPECT_EQ(entry.payload,
            R"({"channel":"web","approvers":["web:ann"],)"
            R"("requiredApprovals":2,"deadline":"2027-01-15T08:05:00+00:00",)"
            R"x("approveOnTimeout":false,"summary":"python: print(1)"})x");
}

TEST(AuditEntriesTest, AnsweredTellsWhoSaidWhat) {
  const AuditEntry entry =
      ApprovalAnsweredEntry(SomeApproval(), AnswerOf("telegram:42"));

  ExpectReadyForTheChain(entry);
  ExpectAboutTheExecution(entry.record);
  EXPECT_EQ(entry.record.type(),
            airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED);
  EXPECT_EQ(entry.record.actor(), "telegram:42");
  EXPECT_EQ(FromProto(entry.record.time()), kNow + absl::Seconds(2));
  EXPECT_EQ(entry.record.outcome(), "reject");
  EXPECT_EQ(entry.payload, R"({"person":"Ann","comment":"not today"})");
}

TEST(AuditEntriesTest, EndOfAnApprovalTellsWhoseAnswerDecided) {
  Approval approval = SomeApproval();
  approval.set_state(Approval::STATE_REJECTED);
  *approval.add_answers() = AnswerOf("web:bob");
  *approval.add_answers() = AnswerOf("web:ann");

  const AuditEntry entry = ApprovalEndedEntry(approval);

  ExpectReadyForTheChain(entry);
  ExpectAboutTheExecution(entry.record);
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED);
  EXPECT_EQ(entry.record.actor(), "web:ann");
  EXPECT_EQ(entry.record.outcome(), "rejected");
  EXPECT_EQ(FromProto(entry.record.time()), kNow + absl::Seconds(3));
}

TEST(AuditEntriesTest, NobodyIsNamedForWhatTheClockDecided) {
  Approval approval = SomeApproval();
  *approval.add_answers() = AnswerOf("web:bob");
  approval.set_state(Approval::STATE_APPROVED);
  approval.set_state_reason("DEFAULT_ACTION");
  EXPECT_EQ(ApprovalEndedEntry(approval).record.actor(), "airlock");
  EXPECT_EQ(ApprovalEndedEntry(approval).record.reason(), "DEFAULT_ACTION");

  approval.set_state(Approval::STATE_EXPIRED);
  EXPECT_EQ(ApprovalEndedEntry(approval).record.actor(), "airlock");
}

TEST(AuditEntriesTest, WhoWithdrewAnApprovalIsNamed) {
  Approval approval = SomeApproval();
  approval.set_state(Approval::STATE_CANCELLED);

  const AuditEntry entry = ApprovalEndedEntry(approval, "ops");

  EXPECT_EQ(entry.record.actor(), "ops");
  EXPECT_EQ(entry.record.outcome(), "cancelled");
}

TEST(AuditEntriesTest, StartTellsTheExecutorAndTheGrant) {
  const AuditEntry entry = StartEntry(SomeExecution(), "x2", "claims", "v8");

  ExpectReadyForTheChain(entry);
  ExpectAboutTheExecution(entry.record);
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_START);
  EXPECT_EQ(entry.record.actor(), "airlock");
  EXPECT_EQ(FromProto(entry.record.time()), kNow + absl::Seconds(1));
  EXPECT_EQ(entry.record.policy_version(), "v8");
  EXPECT_THAT(entry.payload, AllOf(HasSubstr(R"("executorId":"x2")"),
                                   HasSubstr(ToHex(Sha256("claims")))));
}

TEST(AuditEntriesTest, EndTellsTheOutcomeAndTheOutputByDigest) {
  Execution execution = SomeExecution();
  execution.set_state(Execution::STATE_FINISHED);
  execution.mutable_outcome()->set_ended_by(Outcome::ENDED_BY_EXITED);
  execution.mutable_outcome()->set_exit_code(1);
  execution.mutable_outcome()->set_reason("FILE_NOT_FOUND");
  execution.mutable_outcome()->mutable_usage()->set_stdout_bytes(5);
  airlock::internal::v1::StoredOutput output;
  output.mutable_stdout()->set_head("hello");
  output.mutable_stdout()->set_total_bytes(5);
  output.mutable_stdout()->set_sha256("\x01\x02");

  const AuditEntry entry = EndEntry(execution, &output);

  ExpectReadyForTheChain(entry);
  ExpectAboutTheExecution(entry.record);
  EXPECT_EQ(entry.record.type(), airlock::v1::AUDIT_EVENT_TYPE_END);
  EXPECT_EQ(entry.record.actor(), "airlock");
  EXPECT_EQ(FromProto(entry.record.time()), kNow + absl::Seconds(2));
  EXPECT_EQ(entry.record.outcome(), "exited");
  EXPECT_EQ(entry.record.reason(), "FILE_NOT_FOUND");
  EXPECT_EQ(entry.payload,
            R"({"executorId":"x1","outcome":{"endedBy":"exited","exitCode":1,)"
            R"("reason":"FILE_NOT_FOUND","usage":{"stdoutBytes":5}},)"
            R"("stdout":{"bytes":5,"sha256":"0102"},"stderr":{"bytes":0}})");
}

TEST(AuditEntriesTest, EndOfWhatWasNotStartedIsItsState) {
  Execution execution = SomeExecution();
  execution.set_state(Execution::STATE_DENIED);
  EXPECT_EQ(EndEntry(execution, nullptr).record.outcome(), "denied");
  EXPECT_EQ(EndEntry(execution, nullptr).record.reason(), "APPROVAL_REQUIRED");

  execution.set_state(Execution::STATE_CANCELLED);
  execution.set_state_reason("ASKED");
  const AuditEntry cancelled = EndEntry(execution, nullptr, "ci-bot");
  EXPECT_EQ(cancelled.record.outcome(), "cancelled");
  EXPECT_EQ(cancelled.record.reason(), "ASKED");
  EXPECT_EQ(cancelled.record.actor(), "ci-bot");
}

TEST(AuditEntriesTest, SessionsAreToldByNameAndId) {
  Session session;
  session.set_id("s1");
  session.set_name("build");
  session.set_agent("ci-bot");
  session.set_state(Session::STATE_LOST);
  session.set_state_reason("EXECUTOR_LOST");
  session.set_generation(4);
  *session.mutable_create_time() = ToProto(kNow);
  *session.mutable_end_time() = ToProto(kNow + absl::Seconds(9));

  const AuditEntry opened = SessionOpenedEntry(session, "v7");
  const AuditEntry ended = SessionEndedEntry(session);

  ExpectReadyForTheChain(opened);
  ExpectReadyForTheChain(ended);
  EXPECT_EQ(opened.record.type(), airlock::v1::AUDIT_EVENT_TYPE_SESSION_OPENED);
  EXPECT_EQ(opened.record.actor(), "ci-bot");
  EXPECT_EQ(opened.record.session(), "build");
  EXPECT_EQ(opened.payload, R"({"sessionId":"s1","parallel":false})");
  EXPECT_EQ(ended.record.type(), airlock::v1::AUDIT_EVENT_TYPE_SESSION_ENDED);
  EXPECT_EQ(ended.record.actor(), "airlock");
  EXPECT_EQ(ended.record.outcome(), "lost");
  EXPECT_EQ(ended.record.reason(), "EXECUTOR_LOST");
  EXPECT_EQ(FromProto(ended.record.time()), kNow + absl::Seconds(9));
  EXPECT_EQ(ended.payload, R"({"sessionId":"s1","generation":4})");
  EXPECT_EQ(SessionEndedEntry(session, "ops").record.actor(), "ops");
}

TEST(AuditEntriesTest, ConfigurationTellsWhatIsInForceAndWhatWasWrong) {
  const AuditEntry applied = ConfigAppliedEntry(
      "v8", "{\n  \"autonomy\": {\n    \"level\": \"full\"\n  }\n}", kNow);
  const AuditEntry refused = ConfigRefusedEntry("v8", "sandbox.x", kNow);

  ExpectReadyForTheChain(applied);
  ExpectReadyForTheChain(refused);
  EXPECT_EQ(applied.record.type(), airlock::v1::AUDIT_EVENT_TYPE_CONFIG);
  EXPECT_EQ(applied.record.outcome(), "applied");
  EXPECT_EQ(applied.record.policy_version(), "v8");
  EXPECT_EQ(applied.payload, R"({"config":{"autonomy":{"level":"full"}}})");
  EXPECT_EQ(refused.record.outcome(), "refused");
  EXPECT_EQ(refused.payload, R"({"error":"sandbox.x"})");
}

TEST(AuditEntriesTest, ConfigurationThatIsTooLongIsToldByItsDigest) {
  const std::string config =
      "{\"image\": \"" + std::string(300'000, 'x') + "\"}";

  const AuditEntry applied = ConfigAppliedEntry("v8", config, kNow);

  ExpectReadyForTheChain(applied);
  EXPECT_EQ(applied.payload,
            absl::StrCat("{\"configBytes\":", config.size(),
                         ",\"configSha256\":\"", ToHex(Sha256(config)), "\"}"));
}

TEST(AuditEntriesTest, FreezeTellsHowFarItReached) {
  const AuditEntry frozen =
      FreezeEntry("ops", "ci-bot", true, true, "runs wild", kNow);
  const AuditEntry thawed = FreezeEntry("ops", "", false, false, "", kNow);

  ExpectReadyForTheChain(frozen);
  EXPECT_EQ(frozen.record.type(), airlock::v1::AUDIT_EVENT_TYPE_FREEZE);
  EXPECT_EQ(frozen.record.actor(), "ops");
  EXPECT_EQ(frozen.record.agent(), "ci-bot");
  EXPECT_EQ(frozen.record.outcome(), "frozen");
  EXPECT_EQ(frozen.payload, R"({"kill":true,"comment":"runs wild"})");
  EXPECT_EQ(thawed.record.outcome(), "thawed");
  EXPECT_EQ(thawed.payload, R"({"kill":false})");
}

TEST(AuditEntriesTest, ServiceAndLateReportsAreTold) {
  const AuditEntry started =
      ServiceEntry(ServiceEvent::kStarted, "1.2", "v7", kNow);
  const AuditEntry stopped =
      ServiceEntry(ServiceEvent::kStopped, "1.2", "v7", kNow);
  const AuditEntry late =
      LateReportEntry("e1", "x1", Outcome::ENDED_BY_TIMED_OUT, kNow);

  ExpectReadyForTheChain(late);
  EXPECT_EQ(started.record.type(), airlock::v1::AUDIT_EVENT_TYPE_SERVICE);
  EXPECT_EQ(started.record.outcome(), "started");
  EXPECT_EQ(started.record.policy_version(), "v7");
  EXPECT_EQ(started.payload, R"({"version":"1.2"})");
  EXPECT_EQ(stopped.record.outcome(), "stopped");
  EXPECT_EQ(late.record.type(), airlock::v1::AUDIT_EVENT_TYPE_LATE_REPORT);
  EXPECT_EQ(late.record.execution_id(), "e1");
  EXPECT_EQ(late.record.outcome(), "timed_out");
  EXPECT_EQ(late.payload, R"({"executorId":"x1"})");
}

}  // namespace
}  // namespace airlock::policy
