#include "services/cli/filters/filter_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "airlock/v1/execution.pb.h"
#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

using airlock::v1::Outcome;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

absl::StatusOr<absl::Time> Since(absl::string_view text) {
  return TimeFromText(text, "--since", kNow);
}

TEST(FilterWordsTest, ATimeIsAnInstantADayOrAnAge) {
  EXPECT_EQ(*Since("2027-01-15T08:00:00Z"), kNow);
  EXPECT_EQ(*Since("2027-01-15T09:00:00.5+01:00"),
            kNow + absl::Milliseconds(500));
  EXPECT_EQ(*Since("2027-01-15"), kNow - absl::Hours(8));
  EXPECT_EQ(*Since("90m"), kNow - absl::Minutes(90));
  EXPECT_EQ(*Since("1h30m"), kNow - absl::Minutes(90));
  EXPECT_EQ(*Since("7d"), kNow - absl::Hours(7 * 24));
}

TEST(FilterWordsTest, WhatIsNoTimeIsRefused) {
  for (const char* text :
       {"yesterday", "-5m", "-1d", "d", "99999999d", "2027-13-01", "inf",
        "1.5d", "infinite-past", "infinite-future", "2027-01-15T08:00:00"}) {
    EXPECT_THAT(Since(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("--since must be a time")))
        << text;
  }
}

TEST(FilterWordsTest, WordIsAValueOfItsEnum) {
  const auto value =
      ValueFromWord(*Outcome::EndedBy_descriptor(), "timed_out", "--ended-by");

  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(*value, Outcome::ENDED_BY_TIMED_OUT);
}

TEST(FilterWordsTest, UnknownWordIsRefusedWithThoseThatWouldDo) {
  for (const char* word : {"TIMED_OUT", "unspecified", ""}) {
    EXPECT_THAT(
        ValueFromWord(*Outcome::EndedBy_descriptor(), word, "--ended-by"),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 AllOf(HasSubstr("--ended-by must be one of exited, "),
                       HasSubstr("timed_out"))));
  }
}

}  // namespace
}  // namespace airlock::cli
