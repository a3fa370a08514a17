#include "services/policy/standing/standing_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/standing/standing_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::StandingApproval;
using testing::ElementsAre;
using testing::IsEmpty;

// So long after Noon(), on both clocks.
StandingNow After(absl::Duration time) { return {Noon() + time, time}; }

class StandingTableTest : public testing::Test {
 protected:
  void Add(const std::string& id, std::uint32_t max_uses = 10,
           const std::string& agent = "ada") {
    airlock::v1::StandingScope scope = CommandScope({"ls"});
    scope.set_agent(agent);
    table_.Add(Permission(id, scope, max_uses), absl::Hours(1));
  }
  std::string FoundFor(const StandingSubject& subject,
                       absl::Duration after = absl::Minutes(1)) {
    const StandingApproval* found = table_.FindFor(
        subject, After(after), [](const StandingApproval&) { return true; });
    return found == nullptr ? "" : found->id();
  }

  StandingTable table_{{.max_active = 3,
                        .max_active_per_agent = 2,
                        .max_ended = 2,
                        .keep_ended = absl::Hours(2)}};
  const StandingNow now_ = After(absl::Minutes(1));
};

TEST_F(StandingTableTest, FindsTheOldestThatCovers) {
  Add("st-2");
  Add("st-1");

  EXPECT_EQ(FoundFor(Subject(Argv({"ls", "-l"}))), "st-1");
  EXPECT_EQ(FoundFor(Subject(Argv({"rm"}))), "");
}

TEST_F(StandingTableTest, WhatIsNotAcceptedIsPassedOver) {
  Add("st-1");
  Add("st-2");

  EXPECT_EQ(table_
                .FindFor(Subject(Argv({"ls"})), now_,
                         [](const StandingApproval& found) {
                           return found.id() != "st-1";
                         })
                ->id(),
            "st-2");
}

TEST_F(StandingTableTest, LastUseEndsIt) {
  Add("st-1", 2);

  EXPECT_TRUE(table_.TakeUse("st-1", now_));
  EXPECT_EQ(table_.Find("st-1")->state(), StandingApproval::STATE_ACTIVE);
  EXPECT_TRUE(table_.TakeUse("st-1", now_));

  EXPECT_EQ(table_.Find("st-1")->state(), StandingApproval::STATE_USED_UP);
  EXPECT_TRUE(table_.Find("st-1")->has_end_time());
  EXPECT_FALSE(table_.TakeUse("st-1", now_));
  EXPECT_EQ(table_.Find("st-1")->uses(), 2U);
  EXPECT_EQ(FoundFor(Subject(Argv({"ls"}))), "");
}

TEST_F(StandingTableTest, WhatSaysThatItHoldsAndIsUsedUpDoesNot) {
  StandingApproval permission = Permission("st-1", CommandScope({"ls"}), 2);
  permission.set_uses(2);
  table_.Add(permission, absl::Hours(1));

  EXPECT_FALSE(table_.TakeUse("st-1", now_));
  EXPECT_EQ(FoundFor(Subject(Argv({"ls"}))), "");
}

TEST_F(StandingTableTest, UseThatWasNoneComesBack) {
  Add("st-1", 2);
  ASSERT_TRUE(table_.TakeUse("st-1", now_));

  table_.GiveBackUse("st-1");

  EXPECT_EQ(table_.Find("st-1")->uses(), 0U);
}

TEST_F(StandingTableTest, NothingMakesAnEndedOneHoldAgain) {
  Add("st-1", 1);
  ASSERT_TRUE(table_.TakeUse("st-1", now_));
  table_.GiveBackUse("st-1");
  EXPECT_FALSE(table_.TakeUse("st-1", now_));

  Add("st-2", 2);
  ASSERT_TRUE(table_.TakeUse("st-2", now_));
  ASSERT_TRUE(
      table_.End("st-2", StandingApproval::STATE_REVOKED, Noon(), "web:eva"));
  table_.GiveBackUse("st-2");
  EXPECT_FALSE(table_.TakeUse("st-2", now_));
  EXPECT_FALSE(table_.End("st-2", StandingApproval::STATE_EXPIRED, Noon()));
  EXPECT_EQ(table_.Find("st-2")->state(), StandingApproval::STATE_REVOKED);
  EXPECT_EQ(table_.Find("st-2")->revoked_by(), "web:eva");
}

TEST_F(StandingTableTest, EitherClockEndsIt) {
  Add("st-1");
  const absl::Duration last = absl::Hours(1) - absl::Milliseconds(1);
  EXPECT_TRUE(table_.IsUsable("st-1", After(last)));

  EXPECT_FALSE(table_.IsUsable("st-1", {Noon() + absl::Hours(1), last}));
  // The wall clock was set back.
  EXPECT_FALSE(table_.IsUsable("st-1", {Noon(), absl::Hours(1)}));
  EXPECT_FALSE(table_.TakeUse("st-1", {Noon(), absl::Hours(1)}));
  EXPECT_THAT(table_.Due({Noon(), absl::Hours(1)}), ElementsAre("st-1"));
  EXPECT_THAT(table_.Due(After(last)), IsEmpty());
}

TEST_F(StandingTableTest, ActiveOnesAreBounded) {
  Add("st-1");
  EXPECT_THAT(table_.CheckRoom("ada"), IsOk());
  Add("st-2");
  const absl::Status full = table_.CheckRoom("ada");
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(full), "STANDING_FULL");
  EXPECT_THAT(table_.CheckRoom("eve"), IsOk());
  Add("st-3", 1, "eve");
  EXPECT_THAT(table_.CheckRoom("eve"),
              StatusIs(absl::StatusCode::kResourceExhausted));

  table_.End("st-1", StandingApproval::STATE_REVOKED, Noon());

  EXPECT_THAT(table_.CheckRoom("ada"), IsOk());
  EXPECT_EQ(table_.active(), 2U);
}

TEST_F(StandingTableTest, HasActiveFollowsTheirEnds) {
  EXPECT_FALSE(table_.HasActive("ada"));
  Add("st-1", 1);
  EXPECT_TRUE(table_.HasActive("ada"));
  EXPECT_FALSE(table_.HasActive("eve"));

  table_.TakeUse("st-1", now_);

  EXPECT_FALSE(table_.HasActive("ada"));
}

TEST_F(StandingTableTest, EndedOnesAreForgottenAfterAWhile) {
  Add("st-1");
  table_.End("st-1", StandingApproval::STATE_REVOKED, Noon());
  Add("st-2");

  EXPECT_THAT(table_.Forget(Noon() + absl::Minutes(119)), IsEmpty());
  EXPECT_THAT(table_.Forget(Noon() + absl::Hours(2)), ElementsAre("st-1"));
  EXPECT_EQ(table_.Find("st-1"), nullptr);
  EXPECT_NE(table_.Find("st-2"), nullptr) << "it holds";
}

TEST_F(StandingTableTest, TooManyEndedOnesAreForgottenOldestFirst) {
  for (const char* id : {"st-1", "st-2", "st-3"}) {
    Add(id);
    table_.End(id, StandingApproval::STATE_REVOKED, Noon());
  }

  EXPECT_THAT(table_.Forget(Noon()), ElementsAre("st-1"));
}

TEST_F(StandingTableTest, ListsNewestFirst) {
  Add("st-1");
  Add("st-2", 1, "eve");
  Add("st-3");

  std::vector<std::string> ids;
  for (const auto& each : table_.List("")) ids.push_back(each.id());
  EXPECT_THAT(ids, ElementsAre("st-3", "st-2", "st-1"));
  EXPECT_EQ(table_.List("eve").size(), 1U);
}

}  // namespace
}  // namespace airlock::policy
