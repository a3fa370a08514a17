#include "services/executor/dispatch/link_shares.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/executor/dispatch/recording_connection.h"

namespace airlock::executor {
namespace {

class LinkSharesTest : public testing::Test {
 protected:
  LinkSharesTest() {
    shares_.Connect(0, policy_);
    shares_.GiveCredits({0}, LinkShares::When::kNow);
  }
  // Jobs that came, and of which nothing is left.
  void TakeAndForget(int jobs) {
    for (int i = 0; i < jobs; ++i) {
      EXPECT_TRUE(shares_.TakeCredit(0));
      shares_.GiveCredits({0}, LinkShares::When::kNeeded);
    }
  }

  const std::shared_ptr<RecordingConnection> policy_ =
      std::make_shared<RecordingConnection>();
  LinkShares shares_{8, 1};
};

TEST_F(LinkSharesTest, AllAreGivenAtFirst) {
  EXPECT_EQ(policy_->credits(), 8U);
}

TEST_F(LinkSharesTest, FreeSlotsAreGivenTogetherWhenHalfAreUsed) {
  TakeAndForget(3);
  EXPECT_EQ(policy_->messages().size(), 1U);

  TakeAndForget(1);

  EXPECT_EQ(policy_->messages().size(), 2U);
  EXPECT_EQ(policy_->credits(), 12U);
}

TEST_F(LinkSharesTest, FreeSlotsAreGivenInAnyCaseWhenTheTimeHasCome) {
  TakeAndForget(1);

  shares_.GiveCredits({0}, LinkShares::When::kNow);

  EXPECT_EQ(policy_->credits(), 9U);
}

TEST_F(LinkSharesTest, SlotsThatAreHeldAreNotGiven) {
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(shares_.TakeCredit(0));
  EXPECT_FALSE(shares_.TakeCredit(0));

  shares_.GiveCredits({6}, LinkShares::When::kNow);

  EXPECT_EQ(policy_->credits(), 10U);
}

TEST_F(LinkSharesTest, OneSlotIsGivenAtOnce) {
  LinkShares one(1, 1);
  one.Connect(0, policy_);
  one.GiveCredits({0}, LinkShares::When::kNow);
  EXPECT_TRUE(one.TakeCredit(0));

  one.GiveCredits({0}, LinkShares::When::kNeeded);

  EXPECT_EQ(policy_->credits(), 10U);
}

}  // namespace
}  // namespace airlock::executor
