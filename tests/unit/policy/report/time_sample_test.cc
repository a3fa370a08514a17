#include "services/policy/report/time_sample.h"

#include <gtest/gtest.h>

#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

TEST(TimeSampleTest, TellsWhatHalfAndMostDidNotExceed) {
  TimeSample sample;
  for (int i = 100; i >= 1; --i) sample.Add(absl::Seconds(i));

  const airlock::v1::TimeSummary summary = std::move(sample).Summarize();

  EXPECT_EQ(summary.count(), 100U);
  EXPECT_EQ(FromProto(summary.p50()), absl::Seconds(50));
  EXPECT_EQ(FromProto(summary.p90()), absl::Seconds(90));
  EXPECT_EQ(FromProto(summary.p99()), absl::Seconds(99));
}

TEST(TimeSampleTest, OneIsAllOfThem) {
  TimeSample sample;
  sample.Add(absl::Seconds(3));

  const airlock::v1::TimeSummary summary = std::move(sample).Summarize();

  EXPECT_EQ(FromProto(summary.p50()), absl::Seconds(3));
  EXPECT_EQ(FromProto(summary.p99()), absl::Seconds(3));
}

TEST(TimeSampleTest, NothingHasNoTimes) {
  const airlock::v1::TimeSummary summary = TimeSample().Summarize();

  EXPECT_EQ(summary.count(), 0U);
  EXPECT_FALSE(summary.has_p50());
}

TEST(TimeSampleTest, ClockThatWasSetBackIsNothing) {
  TimeSample sample;
  sample.Add(absl::Seconds(-5));

  EXPECT_EQ(FromProto(std::move(sample).Summarize().p50()),
            absl::ZeroDuration());
}

}  // namespace
}  // namespace airlock::policy
