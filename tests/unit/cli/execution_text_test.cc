#include "services/cli/render/execution_text.h"

#include <gtest/gtest.h>

#include <string>

namespace airlock::cli {
namespace {

using airlock::v1::Execution;

Execution Ended(Execution::State state, const std::string& reason,
                const std::string& message) {
  Execution execution;
  execution.set_state(state);
  execution.set_state_reason(reason);
  execution.set_state_message(message);
  execution.mutable_decision()->set_rule("approvalGating.rules[1]");
  execution.mutable_decision()->set_explanation("code needs approval");
  return execution;
}

TEST(WhyTextTest, RejectionIsToldInTheWordsOfWhoRejected) {
  EXPECT_EQ(WhyText(Ended(Execution::STATE_REJECTED, "REJECTED",
                          "not on a Friday\x1b[2J")),
            "rejected: not on a Friday\\u{001B}[2J (REJECTED)");
  EXPECT_EQ(WhyText(Ended(Execution::STATE_REJECTED, "", "")), "rejected");
}

TEST(WhyTextTest, ExpiryAndCancelSayWhy) {
  EXPECT_EQ(WhyText(Ended(Execution::STATE_EXPIRED, "SESSION_CHANGED",
                          "its session ran something else meanwhile")),
            "expired: its session ran something else meanwhile "
            "(SESSION_CHANGED)");
  EXPECT_EQ(WhyText(Ended(Execution::STATE_CANCELLED, "", "")),
            "cancelled before it was started");
}

TEST(WhyTextTest, DenialNamesTheRule) {
  EXPECT_EQ(WhyText(Ended(Execution::STATE_DENIED, "BLOCKED_ACTION", "")),
            "denied by approvalGating.rules[1]: code needs approval "
            "(BLOCKED_ACTION)");
}

}  // namespace
}  // namespace airlock::cli
