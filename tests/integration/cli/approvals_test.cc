// `airlock approvals`, `freeze` and `run` that waits for a human.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"
#include "tests/integration/cli/terminal.h"
#include "tests/support/fake_approval_service.h"

namespace airlock {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ApprovalsTest : public CliTest {
 protected:
  ApprovalsTest() {
    approvals().PutSilently(MakePendingApproval("ap1"));
    Approval decided = MakePendingApproval("ap2");
    decided.set_state(Approval::STATE_REJECTED);
    approvals().PutSilently(decided);
  }

  FakeApprovalService& approvals() { return airlock_.approvals(); }
  void PutIncomplete() {
    Approval cut = MakePendingApproval("ap3");
    cut.mutable_view()->mutable_fields(0)->set_cut_bytes(7);
    approvals().PutSilently(cut);
  }
};

TEST_F(ApprovalsTest, ListIsOfPendingOnesUnlessToldOtherwise) {
  const ChildResult pending = Airlock({"approvals", "ls"});
  EXPECT_EQ(pending.code, 0) << pending.err;
  EXPECT_THAT(pending.out, HasSubstr("ap1"));
  EXPECT_THAT(pending.out, Not(HasSubstr("ap2")));

  const ChildResult all =
      Airlock({"approvals", "ls", "--all", "--agent", "demo", "--json"});
  EXPECT_THAT(nlohmann::json::parse(all.out)["approvals"], SizeIs(2));
  EXPECT_EQ(approvals().lists().back().agent(), "demo");

  EXPECT_THAT(Airlock({"approvals", "ls", "--standing", "rejected"}).out,
              HasSubstr("ap2"));
  EXPECT_EQ(Airlock({"approvals", "ls", "--standing", "unknown"}).code, 2);
  EXPECT_EQ(Airlock({"approvals", "ls", "--all", "--standing", "expired"}).code,
            2);
}

TEST_F(ApprovalsTest, ShowHasTheWholeAction) {
  const ChildResult result = Airlock({"approvals", "show", "ap1"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("code (python):\n    print(1)\n"));
  EXPECT_EQ(Airlock({"approvals", "show", "none"}).code, 1);
}

TEST_F(ApprovalsTest, ApprovingForScriptsSendsWhatWasShown) {
  const ChildResult result =
      Airlock({"approvals", "approve", "ap1", "--yes", "--comment", "fine"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("    print(1)\n"));
  EXPECT_THAT(result.out, HasSubstr("ap1: approved by web:ann"));
  ASSERT_THAT(approvals().decisions(), SizeIs(1));
  EXPECT_EQ(approvals().decisions()[0].digest(), "digest-of-ap1");
  EXPECT_EQ(approvals().decisions()[0].comment(), "fine");
}

TEST_F(ApprovalsTest, NobodyIsAskedWithoutATerminal) {
  const ChildResult result = Airlock({"approvals", "approve", "ap1"}, "y\n");

  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--yes"));
  EXPECT_THAT(approvals().decisions(), IsEmpty());
}

TEST_F(ApprovalsTest, WhatIsNotShownCompletelyIsNotApprovedByTheWay) {
  PutIncomplete();

  const ChildResult refused = Airlock({"approvals", "approve", "ap3", "--yes"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out, HasSubstr("!!! CUT: 7 more bytes"));
  EXPECT_THAT(refused.err, HasSubstr("--incomplete"));
  EXPECT_THAT(approvals().decisions(), IsEmpty());

  EXPECT_EQ(
      Airlock({"approvals", "approve", "ap3", "--yes", "--incomplete"}).code,
      0);
}

TEST_F(ApprovalsTest, RejectingPassesTheReason) {
  const ChildResult result = Airlock(
      {"approvals", "reject", "ap1", "--yes", "--comment", "no", "--json"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["state"], "STATE_REJECTED");
  EXPECT_EQ(approvals().decisions()[0].comment(), "no");
}

TEST_F(ApprovalsTest, WhatIsDecidedIsNotAnsweredAgain) {
  const ChildResult result = Airlock({"approvals", "approve", "ap2", "--yes"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("APPROVAL_ENDED"));
  EXPECT_THAT(approvals().decisions(), IsEmpty());
}

TEST_F(ApprovalsTest, QuestionIsWithdrawnOnce) {
  EXPECT_THAT(Airlock({"approvals", "cancel", "ap1"}).out,
              HasSubstr("ap1: cancelled"));
  EXPECT_EQ(Airlock({"approvals", "cancel", "ap1"}).code, 1);
}

TEST_F(ApprovalsTest, WatchPrintsALineForEachChangeUntilItIsEnded) {
  ChildProcess watch(Argv({"approvals", "watch", "-o", "json"}), Environment());
  watch.ReadUntil("\n");
  approvals().Put(MakePendingApproval("ap4"));
  watch.ReadUntil("ap4");
  watch.Signal(SIGINT);

  const ChildResult result = watch.Wait();

  EXPECT_EQ(result.code, 128 + SIGINT);
  EXPECT_EQ(
      nlohmann::json::parse(result.out.substr(0, result.out.find('\n')))["id"],
      "ap1");
}

TEST_F(ApprovalsTest, TerminalIsAskedBeforeAnAnswer) {
  Terminal terminal(Argv({"approvals", "approve", "ap1"}), Environment());
  terminal.ReadUntil("Approve? [y/N] ");
  terminal.Type("n\n");
  EXPECT_EQ(terminal.Wait(), 1);
  EXPECT_THAT(approvals().decisions(), IsEmpty());

  Terminal again(Argv({"approvals", "approve", "ap1"}), Environment());
  again.ReadUntil("Approve? [y/N] ");
  again.Type("y\n");
  EXPECT_EQ(again.Wait(), 0);
  EXPECT_EQ(approvals().decisions()[0].digest(), "digest-of-ap1");
}

TEST_F(ApprovalsTest, WatchOnATerminalShowsAndAnswersByNumber) {
  Terminal terminal(Argv({"approvals", "watch"}), Environment());
  terminal.ReadUntil("[1] ap1");
  terminal.ReadUntil("> ");
  terminal.Type("1\n");
  terminal.ReadUntil("[s]kip? ");
  terminal.Type("r\n");
  terminal.ReadUntil("Why");
  terminal.Type("not now\n");
  terminal.ReadUntil("Answered");
  terminal.Type("q\n");

  EXPECT_EQ(terminal.Wait(), 0);
  ASSERT_THAT(approvals().decisions(), SizeIs(1));
  EXPECT_EQ(approvals().decisions()[0].comment(), "not now");
}

TEST_F(ApprovalsTest, RunSaysThatItWaitsAndWhoRefusedWhy) {
  const ChildResult result = Airlock({"run", "--", "ask"});

  EXPECT_EQ(result.code, 77);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("waiting for approval ap9 by web:ann"));
  EXPECT_THAT(result.err, HasSubstr("airlock approvals approve ap9"));
  EXPECT_THAT(result.err, HasSubstr("rejected by web:ann: not today"));
  EXPECT_THAT(result.err, HasSubstr("airlock: rejected: not today"));
}

TEST_F(ApprovalsTest, FreezeThawAndStatusTellWhatIsFrozen) {
  const ChildResult frozen = Airlock(
      {"freeze", "--agent", "ci-bot", "--kill", "--comment", "incident"});
  EXPECT_EQ(frozen.code, 0) << frozen.err;
  EXPECT_THAT(frozen.out, HasSubstr("3 executions were told to end"));
  EXPECT_THAT(frozen.out, HasSubstr("ci-bot"));

  EXPECT_THAT(Airlock({"policy", "status"}).out, HasSubstr("incident"));
  EXPECT_THAT(Airlock({"thaw"}).out, HasSubstr("nothing is frozen"));
  EXPECT_EQ(Airlock({"freeze", "--agent", ""}).code, 2);
}

}  // namespace
}  // namespace airlock
