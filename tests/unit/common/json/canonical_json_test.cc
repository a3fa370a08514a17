#include "common/json/canonical_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock {
namespace {

using ::testing::Eq;
using ::testing::Optional;

TEST(CanonicalJsonTest, BlanksAndSpellingsOfTextsDoNotMatter) {
  EXPECT_THAT(CanonicalJson(" { \"a\\u0062\" : [ 1 , \"\\/\\u00e9\" ] }\n"),
              Optional(Eq("{\"ab\":[1,\"/\xC3\xA9\"]}")));
}

TEST(CanonicalJsonTest, MembersNumbersAndDuplicatesStayAsTheyStand) {
  const std::string json =
      R"({"b":18446744073709551615,"a":1.50,"b":-1,"c":[null,true]})";

  EXPECT_THAT(CanonicalJson(json), Optional(Eq(json)));
}

TEST(CanonicalJsonTest, WhatIsNotOneValueHasNone) {
  EXPECT_EQ(CanonicalJson(""), std::nullopt);
  EXPECT_EQ(CanonicalJson("{} {}"), std::nullopt);
  EXPECT_EQ(CanonicalJson("{\"a\":}"), std::nullopt);
  EXPECT_EQ(CanonicalJson("\"\xFF\""), std::nullopt);
}

}  // namespace
}  // namespace airlock
