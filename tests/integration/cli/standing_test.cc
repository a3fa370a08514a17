// `airlock standing`, and approvals that permit more than one question.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/cli/cli_test.h"
#include "tests/support/fake_approval_service.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class StandingTest : public CliTest {
 protected:
  StandingTest() {
    airlock_.approvals().PutSilently(MakePendingApproval("ap1"));
    airlock_.approvals().PutSilently(MakePendingApproval("never"));
  }
  ChildResult Approve(const std::vector<std::string>& options,
                      const std::string& id = "ap1") {
    std::vector<std::string> words = {"approvals", "approve", id, "--yes"};
    words.insert(words.end(), options.begin(), options.end());
    return Airlock(words);
  }
  FakeStanding& standing() { return airlock_.standing(); }
};

TEST_F(StandingTest, ApprovingMayPermitExactlyThisAgain) {
  const ChildResult result =
      Approve({"--for", "30m", "--uses", "20", "--comment", "fine"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("would start unasked: exactly this, for "
                                    "30m, at most 20 times"));
  ASSERT_THAT(standing().created(), SizeIs(1));
  const auto created = standing().created()[0];
  EXPECT_EQ(created.approval_id(), "ap1");
  EXPECT_EQ(created.digest(), "digest-of-ap1");
  EXPECT_EQ(created.scope().action_hash(), "hash");
  EXPECT_EQ(created.lifetime().seconds(), 1800);
  EXPECT_EQ(created.max_uses(), 20U);
  EXPECT_EQ(created.comment(), "fine");
  EXPECT_THAT(airlock_.approvals().decisions(), SizeIs(1));
}

TEST_F(StandingTest, PatternIsPermittedOnlyWhereSomebodyLooks) {
  const ChildResult result =
      Approve({"--for", "30m", "--uses", "20", "--like", "2"});

  EXPECT_NE(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("leave out --yes"));
  EXPECT_THAT(standing().created(), IsEmpty());
  EXPECT_THAT(airlock_.approvals().decisions(), IsEmpty());
}

TEST_F(StandingTest, WhatCannotBePermittedIsNotAnsweredEither) {
  EXPECT_NE(Approve({"--for", "30m", "--uses", "1"}, "never").code, 0);
  EXPECT_NE(Approve({"--for", "soon", "--uses", "1"}).code, 0);
  standing().Refuse();
  EXPECT_NE(Approve({"--for", "30m", "--uses", "1"}).code, 0);

  EXPECT_THAT(airlock_.approvals().decisions(), IsEmpty());
}

TEST_F(StandingTest, OneOptionNeedsTheOther) {
  EXPECT_EQ(Approve({"--for", "30m"}).code, 2);
  EXPECT_EQ(Approve({"--uses", "3"}).code, 2);
  EXPECT_EQ(Approve({"--exact"}).code, 2);
}

TEST_F(StandingTest, ListsAndRevokes) {
  EXPECT_THAT(Airlock({"standing", "ls"}).out,
              HasSubstr("nothing starts without a question"));
  ASSERT_EQ(Approve({"--for", "30m", "--uses", "20"}).code, 0);

  EXPECT_THAT(Airlock({"standing", "ls"}).out, HasSubstr("0 of 20"));
  const ChildResult revoked = Airlock({"standing", "revoke", "st1"});
  EXPECT_EQ(revoked.code, 0) << revoked.err;
  EXPECT_THAT(revoked.out, HasSubstr("st1: revoked by olga, used 0 of 20"));
  EXPECT_NE(Airlock({"standing", "revoke", "st9"}).code, 0);
}

TEST_F(StandingTest, NothingThatIsShownMovesTheCursor) {
  const ChildResult result = Approve({"--for", "30m", "--uses", "20"});

  EXPECT_THAT(result.out, Not(HasSubstr("\u202E")));
  EXPECT_THAT(result.out, HasSubstr("\\u{202E}"));
}

}  // namespace
}  // namespace airlock
