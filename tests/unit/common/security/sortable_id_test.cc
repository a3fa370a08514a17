#include "common/security/sortable_id.h"

#include <gmock/gmock.h>

#include <set>
#include <string>

namespace airlock {
namespace {

TEST(SortableIdTest, HasItsFormAndDiffers) {
  const absl::Time now = absl::FromUnixMillis(1'700'000'000'000);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewSortableId(now);
    EXPECT_THAT(id, testing::MatchesRegex("[0-9a-hj-km-np-tv-z]{26}"));
    EXPECT_TRUE(IsSortableId(id));
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(SortableIdTest, SortsByAge) {
  absl::Time now = absl::FromUnixMillis(1'700'000'000'000);
  std::string last = NewSortableId(now);
  for (int step = 1; step < 100'000'000; step *= 3) {
    now += absl::Milliseconds(step);
    const std::string next = NewSortableId(now);
    EXPECT_LT(last, next);
    last = next;
  }
}

TEST(SortableIdTest, FloorStandsBetweenMilliseconds) {
  const absl::Time now = absl::FromUnixMillis(1'700'000'000'000);
  for (int i = 0; i < 100; ++i) {
    EXPECT_LT(SortableIdFloor(now), NewSortableId(now));
    EXPECT_LT(NewSortableId(now - absl::Milliseconds(1)), SortableIdFloor(now));
    EXPECT_LT(SortableIdFloor(now + absl::Microseconds(999)),
              NewSortableId(now));
  }
}

TEST(SortableIdTest, FloorOfTimesWithoutIdsIsAtTheEnds) {
  EXPECT_EQ(SortableIdFloor(absl::InfinitePast()), "0000000000");
  EXPECT_EQ(SortableIdFloor(absl::InfiniteFuture()), "zzzzzzzzzz");
}

TEST(SortableIdTest, OtherTextsAreNone) {
  const std::string id = NewSortableId(absl::UnixEpoch());

  EXPECT_FALSE(IsSortableId(""));
  EXPECT_FALSE(IsSortableId(id.substr(1)));
  EXPECT_FALSE(IsSortableId(id + "0"));
  EXPECT_FALSE(IsSortableId(id.substr(1) + "i"));
  EXPECT_FALSE(IsSortableId(id.substr(1) + "A"));
}

}  // namespace
}  // namespace airlock
