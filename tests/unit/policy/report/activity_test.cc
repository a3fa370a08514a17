#include "services/policy/report/activity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/report/recorded_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::GetActivityResponse;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kFull[] = R"({"autonomy":{"level":"full"}})";

ExecutionHistory At(absl::Time time, const std::string& agent = "ada") {
  return Recorded(agent, Shell("ls"), kFull, time);
}

TEST(ActivityTest, EachCountsInItsSpanOfTime) {
  Activity activity(kNoon, kNoon + absl::Hours(4), 4);
  activity.Add(At(kNoon));
  activity.Add(At(kNoon + absl::Hours(1) - absl::Nanoseconds(1)));
  activity.Add(At(kNoon + absl::Hours(1)));
  activity.Add(At(kNoon + absl::Hours(4) - absl::Nanoseconds(1)));

  const GetActivityResponse response = std::move(activity).Take();

  ASSERT_THAT(response.buckets(), SizeIs(4));
  EXPECT_EQ(response.buckets(0).total(), 2U);
  EXPECT_EQ(response.buckets(1).total(), 1U);
  EXPECT_EQ(response.buckets(2).total(), 0U);
  EXPECT_EQ(response.buckets(3).total(), 1U);
  EXPECT_EQ(FromProto(response.buckets(2).start_time()),
            kNoon + absl::Hours(2));
}

TEST(ActivityTest, SpansThatDoNotDivideLoseNothing) {
  const absl::Time end = kNoon + absl::Nanoseconds(10);
  Activity activity(kNoon, end, 3);
  activity.Add(At(end - absl::Nanoseconds(1)));

  EXPECT_EQ(std::move(activity).Take().buckets(2).total(), 1U);
}

TEST(ActivityTest, ResultsAreEndsOrStates) {
  Activity activity(kNoon, kNoon + absl::Hours(1), 1);
  activity.Add(Ran(At(kNoon), absl::Seconds(1)));
  activity.Add(Ran(At(kNoon), absl::Seconds(3)));
  ExecutionHistory denied = At(kNoon);
  denied.execution.set_state(airlock::v1::Execution::STATE_DENIED);
  activity.Add(denied);

  const GetActivityResponse response = std::move(activity).Take();

  EXPECT_THAT(response.buckets(0).by_result(),
              UnorderedElementsAre(Pair("exited", 2), Pair("denied", 1)));
  EXPECT_EQ(response.run_time().count(), 2U) << "what did not start took none";
  EXPECT_EQ(FromProto(response.run_time().p50()), absl::Seconds(1));
  EXPECT_EQ(FromProto(response.buckets(0).run_time().p99()), absl::Seconds(3));
}

TEST(ActivityTest, OnlyAnswersOfHumansAreTimed) {
  Activity activity(kNoon, kNoon + absl::Hours(1), 1);
  activity.Add(Asked(At(kNoon), Approval::STATE_APPROVED, absl::Seconds(10)));
  activity.Add(Asked(At(kNoon), Approval::STATE_REJECTED, absl::Seconds(20)));
  activity.Add(Asked(At(kNoon), Approval::STATE_EXPIRED, absl::Minutes(5)));
  activity.Add(Asked(At(kNoon), Approval::STATE_PENDING, absl::Seconds(0)));
  ExecutionHistory defaulted =
      Asked(At(kNoon), Approval::STATE_APPROVED, absl::Minutes(5));
  defaulted.approval->approval.set_state_reason("DEFAULT_ACTION");
  activity.Add(defaulted);

  const GetActivityResponse response = std::move(activity).Take();

  EXPECT_EQ(response.decision_time().count(), 2U);
  EXPECT_EQ(FromProto(response.decision_time().p50()), absl::Seconds(10));
  EXPECT_EQ(FromProto(response.buckets(0).decision_time().p90()),
            absl::Seconds(20));
}

TEST(ActivityTest, BusiestAgentsComeFirstAndAreBounded) {
  Activity activity(kNoon, kNoon + absl::Hours(1), 1);
  for (int i = 0; i < 150; ++i) {
    activity.Add(At(kNoon, absl::StrCat("agent-", i)));
  }
  activity.Add(At(kNoon, "agent-77"));

  const GetActivityResponse response = std::move(activity).Take();

  ASSERT_THAT(response.agents(), SizeIs(100));
  EXPECT_EQ(response.agents(0).agent(), "agent-77");
  EXPECT_EQ(response.agents(0).total(), 2U);
  EXPECT_THAT(response.agents(0).by_result(),
              UnorderedElementsAre(Pair("queued", 2)));
}

}  // namespace
}  // namespace airlock::policy
