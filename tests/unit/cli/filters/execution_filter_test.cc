#include "services/cli/filters/execution_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(ExecutionFilterTest, EveryOptionBecomesItsField) {
  const auto request = ListRequestFromOptions(
      {.range = {.since = "1h", .until = "30m", .agent = "ada"},
       .action = "http_get",
       .state = "finished",
       .ended_by = "exited",
       .text = "rm -rf"},
      kNow);

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(FromProto(request->from_time()), kNow - absl::Hours(1));
  EXPECT_EQ(FromProto(request->to_time()), kNow - absl::Minutes(30));
  EXPECT_EQ(request->agent(), "ada");
  EXPECT_EQ(request->action_kind(), airlock::v1::ACTION_KIND_HTTP_GET);
  EXPECT_EQ(request->state(), Execution::STATE_FINISHED);
  EXPECT_EQ(request->ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(request->text(), "rm -rf");
}

TEST(ExecutionFilterTest, WithoutOptionsEverythingIsMeant) {
  EXPECT_EQ(ListRequestFromOptions({}, kNow)->ByteSizeLong(), 0U);
  EXPECT_EQ(RangeFromOptions({}, kNow)->ByteSizeLong(), 0U);
}

TEST(ExecutionFilterTest, RangeIsTheSameForReports) {
  const auto range =
      RangeFromOptions({.since = "7d", .until = "1d", .agent = "ada"}, kNow);

  ASSERT_THAT(range, IsOk());
  EXPECT_EQ(FromProto(range->from_time()), kNow - absl::Hours(7 * 24));
  EXPECT_EQ(FromProto(range->to_time()), kNow - absl::Hours(24));
  EXPECT_EQ(range->agent(), "ada");
}

TEST(ExecutionFilterTest, WhatIsWrongIsToldByItsOption) {
  const auto refused = [](const ExecutionFilterOptions& options) {
    return ListRequestFromOptions(options, kNow).status();
  };
  const auto names = [](const char* option) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(option));
  };

  EXPECT_THAT(refused({.action = "python"}), names("--action"));
  EXPECT_THAT(refused({.state = "dead"}), names("--standing"));
  EXPECT_THAT(refused({.ended_by = "magic"}), names("--ended-by"));
  EXPECT_THAT(refused({.range = {.since = "soon"}}), names("--since"));
  EXPECT_THAT(refused({.range = {.until = "soon"}}), names("--until"));
}

}  // namespace
}  // namespace airlock::cli
