#include "services/policy/rpc/report_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::GetActivityRequest;
using airlock::v1::GetApprovalReportRequest;
using airlock::v1::ReplayPolicyRequest;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// Matches the refusal of a request for this field.
auto Refuses(const std::string& field) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(field + " "));
}

GetActivityRequest LastHour() {
  GetActivityRequest request;
  *request.mutable_range()->mutable_from_time() =
      ToProto(kNow - absl::Hours(1));
  return request;
}

TEST(ReportRequestsTest, RangeEndsNowUnlessItSaysOtherwise) {
  GetActivityRequest request = LastHour();
  request.mutable_range()->set_agent("ada");

  const auto open = ActivityQueryFromRequest(request, kNow);
  *request.mutable_range()->mutable_to_time() =
      ToProto(kNow - absl::Minutes(5));
  const auto closed = ActivityQueryFromRequest(request, kNow);

  ASSERT_THAT(open, IsOk());
  EXPECT_EQ(open->executions.agent, "ada");
  EXPECT_EQ(open->executions.from, kNow - absl::Hours(1));
  EXPECT_EQ(open->executions.to, kNow);
  EXPECT_EQ(open->buckets, 60U);
  ASSERT_THAT(closed, IsOk());
  EXPECT_EQ(closed->executions.to, kNow - absl::Minutes(5));
}

TEST(ReportRequestsTest, ActivityNeedsItsBeginning) {
  EXPECT_THAT(ActivityQueryFromRequest({}, kNow), Refuses("range.from_time"));
  EXPECT_THAT(ReportQueryFromRequest({}, kNow), IsOk());
}

TEST(ReportRequestsTest, RangeMustBeOne) {
  GetActivityRequest request = LastHour();
  *request.mutable_range()->mutable_to_time() = request.range().from_time();
  EXPECT_THAT(ActivityQueryFromRequest(request, kNow),
              Refuses("range.to_time"));

  GetApprovalReportRequest report;
  *report.mutable_range()->mutable_from_time() = ToProto(kNow);
  EXPECT_THAT(ReportQueryFromRequest(report, kNow), Refuses("range.to_time"));
  report.mutable_range()->mutable_from_time()->set_nanos(-1);
  EXPECT_THAT(ReportQueryFromRequest(report, kNow), Refuses("range.from_time"));
  report.mutable_range()->clear_from_time();
  report.mutable_range()->set_agent(std::string(301, 'x'));
  EXPECT_THAT(ReportQueryFromRequest(report, kNow), Refuses("range.agent"));
}

TEST(ReportRequestsTest, BucketsAreBounded) {
  GetActivityRequest request = LastHour();
  request.set_buckets(500);
  EXPECT_EQ(ActivityQueryFromRequest(request, kNow)->buckets, 500U);

  request.set_buckets(501);
  EXPECT_THAT(ActivityQueryFromRequest(request, kNow), Refuses("buckets"));
}

TEST(ReportRequestsTest, ReplayNeedsAConfigurationThatIsNotTooLarge) {
  ReplayPolicyRequest request;
  EXPECT_THAT(ReplayQueryFromRequest(request, kNow), Refuses("config"));

  request.set_config(std::string(std::size_t{1} << 20, ' '));
  EXPECT_THAT(ReplayQueryFromRequest(request, kNow), IsOk());
  request.mutable_config()->push_back(' ');
  EXPECT_THAT(ReplayQueryFromRequest(request, kNow), Refuses("config"));
}

}  // namespace
}  // namespace airlock::policy
