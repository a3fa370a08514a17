#include "services/policy/approval/approval_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/security/sortable_id.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "google/rpc/error_details.pb.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/approval/approval_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A varying part of an error, as it goes on the wire.
std::string MetadataOf(const absl::Status& status, const std::string& key) {
  std::string value;
  status.ForEachPayload([&](absl::string_view, const absl::Cord& payload) {
    google::rpc::ErrorInfo info;
    if (!info.ParseFromString(std::string(payload))) return;
    const auto found = info.metadata().find(key);
    if (found != info.metadata().end()) value = found->second;
  });
  return value;
}

ApprovalSettings Naming(std::vector<std::string> approvers,
                        std::vector<Person> people = {}) {
  ApprovalSettings settings;
  settings.approvers = std::move(approvers);
  settings.people = std::move(people);
  return settings;
}

TEST(AskApprovalTest, SettingsAreFrozenInTheRecord) {
  ApprovalSettings settings = Naming({"telegram:1", "web:ann"});
  settings.channel = "telegram";
  settings.timeout = absl::Seconds(30);
  settings.approve_on_timeout = true;

  const ApprovalRecord record = AskFor(settings, 2);

  const Approval& approval = record.approval;
  EXPECT_EQ(record.revision, 1);
  EXPECT_EQ(record.action_hash, "hash");
  EXPECT_EQ(approval.state(), Approval::STATE_PENDING);
  EXPECT_EQ(approval.execution_id(), "01jexecution");
  EXPECT_EQ(approval.agent(), "bot");
  EXPECT_EQ(approval.session(), "s-1");
  EXPECT_EQ(approval.digest(), "abcd");
  EXPECT_EQ(approval.rule(), "approvalGating.rules[1]");
  EXPECT_EQ(approval.explanation(), "a rule asks for it");
  EXPECT_EQ(approval.summary(), "code_exec python: print(1)");
  EXPECT_EQ(approval.action_kind(), airlock::v1::ACTION_KIND_CODE_EXEC);
  EXPECT_EQ(approval.required_approvals(), 2);
  EXPECT_THAT(approval.approvers(), ElementsAre("telegram:1", "web:ann"));
  EXPECT_EQ(approval.channel(), "telegram");
  EXPECT_TRUE(approval.approve_on_timeout());
  EXPECT_EQ(FromProto(approval.create_time()), kAsked);
  EXPECT_EQ(FromProto(approval.deadline()), kAsked + absl::Seconds(30));
  EXPECT_FALSE(approval.has_end_time());
}

TEST(AskApprovalTest, IdIsShortSortsAndSaysWhatItIs) {
  const std::string id = AskFor({}).approval.id();

  EXPECT_EQ(id.substr(0, 3), "ap-");
  EXPECT_TRUE(IsSortableId(id.substr(3)));
  EXPECT_LE(id.size(), 40);
}

TEST(AskApprovalTest, NobodyIsNeverEnough) {
  EXPECT_EQ(AskFor({}, 0).approval.required_approvals(), 1);
}

TEST(AnswerApprovalTest, OneApprovalApproves) {
  const ApprovalRecord record = After(AskFor({}), Approve("web:ann"));

  EXPECT_EQ(record.approval.state(), Approval::STATE_APPROVED);
  EXPECT_EQ(record.approval.state_reason(), "");
  EXPECT_EQ(FromProto(record.approval.end_time()), kLater);
  ASSERT_THAT(record.approval.answers(), SizeIs(1));
  EXPECT_EQ(record.approval.answers(0).approver(), "web:ann");
  EXPECT_EQ(record.approval.answers(0).comment(), "fine");
  EXPECT_EQ(FromProto(record.approval.answers(0).time()), kLater);
}

TEST(AnswerApprovalTest, OneRejectionRejectsWhateverIsRequired) {
  ApprovalRecord record = After(AskFor({}, 3), Approve("web:ann"));

  record = After(record, Reject("web:bob"));

  EXPECT_EQ(record.approval.state(), Approval::STATE_REJECTED);
  EXPECT_EQ(record.approval.answers(1).comment(), "not today");
  EXPECT_TRUE(record.approval.has_end_time());
}

TEST(AnswerApprovalTest, QuorumNeedsThatManyPersons) {
  ApprovalRecord record = After(AskFor({}, 2), Approve("web:ann"));
  EXPECT_EQ(record.approval.state(), Approval::STATE_PENDING);
  EXPECT_FALSE(record.approval.has_end_time());

  record = After(record, Approve("web:bob"));

  EXPECT_EQ(record.approval.state(), Approval::STATE_APPROVED);
}

TEST(AnswerApprovalTest, SameAnswerAgainChangesNothing) {
  const ApprovalRecord pending = After(AskFor({}, 2), Approve("web:ann"));
  const ApprovalRecord ended = After(pending, Approve("web:bob"));

  for (const ApprovalRecord& record : {pending, ended}) {
    const auto again = AnswerApproval(record, Approve("web:ann"), {}, kLater);

    ASSERT_THAT(again, IsOk());
    EXPECT_FALSE(again->changed);
    EXPECT_EQ(again->record.revision, record.revision);
    EXPECT_THAT(again->record.approval.answers(),
                SizeIs(record.approval.answers_size()));
  }
}

TEST(AnswerApprovalTest, OtherAnswerOfTheSamePersonIsRefused) {
  const ApprovalRecord pending = After(AskFor({}, 2), Approve("web:ann"));

  EXPECT_EQ(RefusalOf(pending, Reject("web:ann")), "ANSWERED_OTHERWISE");
}

TEST(AnswerApprovalTest, TwoIdsOfAPersonAreOne) {
  const ApprovalSettings settings =
      Naming({"telegram:1", "web:ann", "web:bob"},
             {{"Ann", {"telegram:1", "web:ann"}}});
  const ApprovalRecord record =
      After(AskFor(settings, 2), Approve("web:ann"), settings);
  EXPECT_EQ(record.approval.answers(0).person(), "Ann");

  const auto again =
      AnswerApproval(record, Approve("telegram:1"), settings, kLater);

  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(again->record.approval.state(), Approval::STATE_PENDING);
  EXPECT_EQ(RefusalOf(record, Reject("telegram:1"), settings),
            "ANSWERED_OTHERWISE");
}

TEST(AnswerApprovalTest, IdsThatBecameOnePersonCountOnce) {
  const ApprovalSettings settings = Naming({"web:a", "web:b", "web:c"});
  ApprovalRecord record =
      After(AskFor(settings, 3), Approve("web:a"), settings);
  record = After(record, Approve("web:b"), settings);
  ApprovalSettings merged = settings;
  merged.people = {{"Ann", {"web:a", "web:b"}}};

  record = After(record, Approve("web:c"), merged);

  EXPECT_EQ(record.approval.state(), Approval::STATE_PENDING);
}

TEST(AnswerApprovalTest, PersonStaysOneAfterThePeopleWereRenamed) {
  const ApprovalSettings settings =
      Naming({"web:a", "web:b"}, {{"Ann", {"web:a"}}});
  const ApprovalRecord record =
      After(AskFor(settings, 2), Approve("web:a"), settings);
  ApprovalSettings moved = settings;
  moved.people = {{"Ann", {"web:b"}}};

  const auto again = AnswerApproval(record, Approve("web:b"), moved, kLater);

  ASSERT_THAT(again, IsOk());
  EXPECT_FALSE(again->changed);
}

TEST(AnswerApprovalTest, IdsThatAreOnePersonByWayOfAnotherCountOnce) {
  const std::vector<std::string> all = {"web:a", "web:b", "web:c", "web:d"};
  const ApprovalSettings first = Naming(all, {{"Ann", {"web:a"}}});
  ApprovalRecord record = After(AskFor(first, 3), Approve("web:a"), first);
  // Nobody knows these to be the person of the first one ...
  record = After(record, Approve("web:b"), Naming(all));
  record = After(record, Approve("web:c"), Naming({"web:b", "web:c"}));
  // ... which now both are: one by its id, the other by its name.
  const ApprovalSettings now =
      Naming(all, {{"Bob", {"web:a", "web:b"}}, {"Ann", {"web:c"}}});

  record = After(record, Approve("web:d"), now);

  EXPECT_EQ(record.approval.state(), Approval::STATE_PENDING);
}

TEST(AnswerApprovalTest, ListNowInForceDecidesWhoMayAnswer) {
  const ApprovalSettings then = Naming({"web:ann"});
  const ApprovalRecord record = AskFor(then);
  const ApprovalSettings now = Naming({"web:bob"});

  EXPECT_EQ(RefusalOf(record, Approve("web:ann"), now), "NOT_AN_APPROVER");
  EXPECT_EQ(After(record, Approve("web:bob"), now).approval.state(),
            Approval::STATE_APPROVED);
}

TEST(AnswerApprovalTest, AnswerOfSomebodyNoLongerNamedDoesNotCount) {
  const ApprovalSettings then = Naming({"web:ann", "web:bob", "web:cid"});
  ApprovalRecord record = After(AskFor(then, 2), Approve("web:ann"), then);
  const ApprovalSettings now = Naming({"web:bob", "web:cid"});

  record = After(record, Approve("web:bob"), now);
  EXPECT_EQ(record.approval.state(), Approval::STATE_PENDING);

  EXPECT_EQ(After(record, Approve("web:cid"), now).approval.state(),
            Approval::STATE_APPROVED);
}

TEST(AnswerApprovalTest, AnswerThatCountsAgainIsSettledWhenItIsRepeated) {
  const ApprovalSettings all = Naming({"web:ann", "web:bob"});
  ApprovalRecord record = After(AskFor(all, 2), Approve("web:ann"), all);
  record = After(record, Approve("web:bob"), Naming({"web:bob"}));
  ASSERT_EQ(record.approval.state(), Approval::STATE_PENDING);
  AnswerInput other_digest = Approve("web:bob");
  other_digest.digest_hex = "ef";

  EXPECT_EQ(RefusalOf(record, other_digest, all), "DIGEST_MISMATCH");
  record = After(record, Approve("web:bob"), all);

  EXPECT_EQ(record.approval.state(), Approval::STATE_APPROVED);
  EXPECT_THAT(record.approval.answers(), SizeIs(2));
}

TEST(AnswerApprovalTest, WithoutAListOnlyPageAndCommandLineAnswer) {
  EXPECT_EQ(RefusalOf(AskFor({}), Approve("telegram:1")), "NOT_AN_APPROVER");
  EXPECT_EQ(RefusalOf(AskFor({}), Approve("ann")), "NOT_AN_APPROVER");
  EXPECT_EQ(RefusalOf(AskFor({}), Reject("slack:T/U")), "NOT_AN_APPROVER");
  EXPECT_EQ(RefusalOf(AskFor({}), Approve("agent:x")), "NOT_AN_APPROVER");
}

TEST(AnswerApprovalTest, AgentNeverAnswersItself) {
  EXPECT_EQ(RefusalOf(AskFor({}), Approve("web:bot")), "SELF_APPROVAL");
  EXPECT_EQ(RefusalOf(AskFor({}), Approve("web:bot"), Naming({"web:bot"})),
            "SELF_APPROVAL");
}

TEST(AnswerApprovalTest, PersonWhoIsTheAgentNeverAnswers) {
  for (const char* id : {"agent:bot", "web:bot"}) {
    const ApprovalSettings settings =
        Naming({"telegram:1"}, {{"Ann", {"telegram:1", id}}});

    EXPECT_EQ(RefusalOf(AskFor(settings), Approve("telegram:1"), settings),
              "SELF_APPROVAL");
  }
  const ApprovalSettings other =
      Naming({"telegram:1"}, {{"Ann", {"telegram:1", "agent:bot2"}}});
  EXPECT_EQ(RefusalOf(AskFor(other), Approve("telegram:1"), other), "none");
}

TEST(AnswerApprovalTest, PersonWhoBecameTheAgentDoesNotCount) {
  const ApprovalSettings settings = Naming({"web:ann", "web:bob"});
  ApprovalRecord record =
      After(AskFor(settings, 2), Approve("web:ann"), settings);
  ApprovalSettings now = settings;
  now.people = {{"Ann", {"web:ann", "agent:bot"}}};

  record = After(record, Approve("web:bob"), now);

  EXPECT_EQ(record.approval.state(), Approval::STATE_PENDING);
}

TEST(AnswerApprovalTest, WhatIsApprovedIsWhatWasShown) {
  AnswerInput other = Approve("web:ann");
  other.digest_hex = "abce";
  AnswerInput blind = Approve("web:ann");
  blind.digest_hex = "";
  AnswerInput other_rejection = Reject("web:ann");
  other_rejection.digest_hex = "abce";

  EXPECT_EQ(RefusalOf(AskFor({}), other), "DIGEST_MISMATCH");
  EXPECT_EQ(RefusalOf(AskFor({}), blind), "DIGEST_MISMATCH");
  EXPECT_EQ(RefusalOf(AskFor({}), other_rejection), "DIGEST_MISMATCH");
  EXPECT_EQ(RefusalOf(AskFor({}), Reject("web:ann")), "none");
}

TEST(AnswerApprovalTest, EndedOneTellsWhoDecided) {
  const ApprovalSettings settings =
      Naming({"web:ann", "web:bob"}, {{"Ann", {"web:ann"}}});
  const ApprovalRecord record =
      After(AskFor(settings), Reject("web:ann"), settings);

  const absl::Status status =
      AnswerApproval(record, Approve("web:bob"), settings, kLater).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("STATE_REJECTED by \"web:ann\"")));
  EXPECT_EQ(ErrorReason(status), "APPROVAL_ENDED");
  EXPECT_EQ(MetadataOf(status, "state"), "STATE_REJECTED");
  EXPECT_EQ(MetadataOf(status, "decided_by"), "web:ann");
  EXPECT_EQ(MetadataOf(status, "person"), "Ann");
}

TEST(AnswerApprovalTest, NobodyDecidedWhatExpiredOrApprovedItself) {
  ApprovalSettings settings;
  settings.approve_on_timeout = true;
  const ApprovalRecord asked = After(AskFor(settings, 2), Approve("web:ann"));

  for (const bool may_default : {true, false}) {
    const absl::Status status =
        AnswerApproval(ExpireApproval(asked, may_default, kLater),
                       Approve("web:bob"), {}, kLater)
            .status();

    EXPECT_EQ(ErrorReason(status), "APPROVAL_ENDED");
    EXPECT_EQ(MetadataOf(status, "decided_by"), "");
    EXPECT_EQ(MetadataOf(status, "state_reason"),
              may_default ? "DEFAULT_ACTION" : "DEFAULT_WITHHELD");
  }
}

TEST(AnswerApprovalTest, AnswerAtTheDeadlineIsTooLate) {
  const ApprovalRecord record = AskFor({});
  const absl::Time deadline = FromProto(record.approval.deadline());

  EXPECT_EQ(RefusalOf(record, Approve("web:ann"), {}, deadline),
            "APPROVAL_ENDED");
  EXPECT_EQ(RefusalOf(record, Reject("web:ann"), {}, deadline),
            "APPROVAL_ENDED");
  EXPECT_EQ(RefusalOf(record, Approve("web:ann"), {},
                      deadline - absl::Nanoseconds(1)),
            "none");
}

TEST(AnswerApprovalTest, FormIsChecked) {
  AnswerInput none = Approve("web:ann");
  none.answer = airlock::v1::ApprovalAnswer::ANSWER_UNSPECIFIED;
  AnswerInput chatty = Approve("web:ann");
  chatty.comment = std::string(kMaxCommentBytes + 1, 'a');
  AnswerInput broken = Approve("web:ann");
  broken.comment = "\xff";
  AnswerInput longest = Approve("web:ann");
  longest.comment = std::string(kMaxCommentBytes, 'a');

  EXPECT_EQ(RefusalOf(AskFor({}), none), "INVALID_FIELD");
  EXPECT_EQ(RefusalOf(AskFor({}), chatty), "INVALID_FIELD");
  EXPECT_EQ(RefusalOf(AskFor({}), broken), "INVALID_FIELD");
  EXPECT_EQ(RefusalOf(AskFor({}), longest), "none");
}

}  // namespace
}  // namespace airlock::policy
