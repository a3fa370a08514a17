#include "services/gateway/admission/admission.h"

#include <gmock/gmock.h>

#include <vector>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"

namespace airlock::gateway {
namespace {

using testing::HasSubstr;

class AdmissionTest : public testing::Test {
 protected:
  prometheus::Registry registry_;
  GatewayMetrics metrics_{registry_};
  Admission admission_{2, metrics_};
};

TEST_F(AdmissionTest, OneTooManyIsRefusedWithItsQuota) {
  const auto first = admission_.Admit("demo");
  const auto second = admission_.Admit("demo");
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());

  const absl::Status status = admission_.Admit("demo").status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("\"demo\" has 2 calls in flight")));
  EXPECT_EQ(ErrorReason(status), "TOO_MANY_CALLS");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.QuotaFailure")
                  .has_value());
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.RetryInfo")
                  .has_value());
}

TEST_F(AdmissionTest, PrincipalsDoNotCountForEachOther) {
  const auto first = admission_.Admit("a");
  const auto second = admission_.Admit("a");

  EXPECT_THAT(admission_.Admit("b"), IsOk());
}

TEST_F(AdmissionTest, EndedCallGivesItsPlaceBack) {
  auto first = admission_.Admit("demo");
  auto second = admission_.Admit("demo");
  EXPECT_EQ(metrics_.calls_in_flight().Value(), 2);

  first = absl::CancelledError("over");

  EXPECT_EQ(metrics_.calls_in_flight().Value(), 1);
  EXPECT_THAT(admission_.Admit("demo"), IsOk());
}

TEST_F(AdmissionTest, MovedTicketCountsOnce) {
  {
    CallTicket ticket = *admission_.Admit("demo");
    CallTicket other = std::move(ticket);
    CallTicket third;
    third = std::move(other);
    EXPECT_EQ(metrics_.calls_in_flight().Value(), 1);
  }
  EXPECT_EQ(metrics_.calls_in_flight().Value(), 0);
}

TEST(CheckMessageSizeTest, LimitItselfPasses) {
  EXPECT_THAT(CheckMessageSize(16, 16), IsOk());

  const absl::Status status = CheckMessageSize(17, 16);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("at most 16 bytes: got 17")));
  EXPECT_EQ(ErrorReason(status), "MESSAGE_TOO_LARGE");
}

}  // namespace
}  // namespace airlock::gateway
