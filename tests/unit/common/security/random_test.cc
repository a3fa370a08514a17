#include "common/security/random.h"

#include <gmock/gmock.h>

#include <set>

namespace airlock {
namespace {

TEST(RandomTest, BytesAreAsManyAsAskedForAndDiffer) {
  EXPECT_EQ(RandomBytes(0), "");
  EXPECT_EQ(RandomBytes(33).size(), 33);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

TEST(RandomTest, UuidsAreOfVersion4AndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string uuid = RandomUuid();
    EXPECT_THAT(uuid,
                testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-"
                                      "[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

}  // namespace
}  // namespace airlock
