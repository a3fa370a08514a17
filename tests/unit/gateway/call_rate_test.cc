#include "services/gateway/admission/call_rate.h"

#include <gmock/gmock.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

class CallRateTest : public testing::Test {
 protected:
  // How many calls of `agent` pass before one is refused.
  int Burst(const std::string& agent = "demo") {
    for (int calls = 0;; ++calls) {
      if (!rate_.Take(agent).ok()) return calls;
    }
  }

  FakeClock clock_;
  CallRate rate_{10, clock_};
};

TEST_F(CallRateTest, OneSecondsWorthMayComeAtOnce) { EXPECT_EQ(Burst(), 10); }

TEST_F(CallRateTest, RefusalSaysTheQuotaAndWhenToComeAgain) {
  Burst();

  const absl::Status status = rate_.Take("demo");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("\"demo\" may call 10 times")));
  EXPECT_EQ(ErrorReason(status), "CALL_RATE_EXCEEDED");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.QuotaFailure")
                  .has_value());
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo")
                  .has_value());
}

TEST_F(CallRateTest, TimeGivesCallsBackUpToOneSecondsWorth) {
  Burst();

  clock_.Advance(absl::Milliseconds(300));
  EXPECT_EQ(Burst(), 3);

  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Burst(), 10);
}

TEST_F(CallRateTest, RefusedCallsCostNothing) {
  Burst();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(rate_.Take("demo").ok());

  clock_.Advance(absl::Milliseconds(100));

  EXPECT_THAT(rate_.Take("demo"), IsOk());
}

TEST_F(CallRateTest, JumpOfTheWallClockGivesNothing) {
  Burst();

  clock_.JumpWall(absl::Hours(1));

  EXPECT_FALSE(rate_.Take("demo").ok());
}

TEST_F(CallRateTest, AgentsDoNotCountForEachOther) {
  Burst("a");

  EXPECT_EQ(Burst("b"), 10);
}

TEST_F(CallRateTest, IdleAgentsAreForgotten) {
  for (int i = 0; i < 5000; ++i) {
    EXPECT_THAT(rate_.Take(absl::StrCat("agent-", i)), IsOk());
    clock_.Advance(absl::Milliseconds(10));
  }

  EXPECT_LE(rate_.agents(), 1024u);
}

TEST_F(CallRateTest, BusyAgentIsNotForgottenWithTheIdleOnes) {
  for (int i = 0; i < 1024; ++i) {
    rate_.Take(absl::StrCat("agent-", i)).IgnoreError();
  }
  clock_.Advance(absl::Seconds(2));
  Burst("busy");

  // The first one more makes it look for idle ones.
  EXPECT_THAT(rate_.Take("new"), IsOk());

  EXPECT_EQ(rate_.agents(), 2u);
  EXPECT_FALSE(rate_.Take("busy").ok());
}

TEST_F(CallRateTest, MoreAgentsThanItHoldsAreRefused) {
  for (std::size_t i = 0; i < CallRate::kMaxAgents; ++i) {
    ASSERT_THAT(rate_.Take(absl::StrCat("agent-", i)), IsOk());
  }

  EXPECT_EQ(ErrorReason(rate_.Take("one-more")), "CALL_RATE_EXCEEDED");

  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(rate_.Take("one-more"), IsOk());
  EXPECT_EQ(rate_.agents(), 1u);
}

}  // namespace
}  // namespace airlock::gateway
