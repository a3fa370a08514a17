#include "services/gateway/http/http_message.h"

#include <gtest/gtest.h>

#include <string>

namespace airlock::gateway {
namespace {

TEST(HttpDateTest, IsWhatHeadersHave) {
  EXPECT_EQ(HttpDate(absl::FromUnixSeconds(1'795'780'800)),
            "Fri, 27 Nov 2026 12:00:00 GMT");
}

TEST(DecodePercentTest, DecodesWhatIsWellFormed) {
  std::string decoded;

  EXPECT_TRUE(DecodePercent("/a%20b/%C3%a4", decoded));

  EXPECT_EQ(decoded, "/a b/\u00e4");
}

TEST(DecodePercentTest, RefusesBrokenEscapesAndControlCharacters) {
  std::string decoded;

  for (const char* text : {"%", "%4", "%zz", "%00", "%0a", "a\tb"}) {
    EXPECT_FALSE(DecodePercent(text, decoded)) << text;
  }
}

TEST(QueryValueTest, FindsTheKey) {
  constexpr char kQuery[] = "a=1&request=%7B%22id%22%3A%22x%22%7D&b";

  EXPECT_EQ(QueryValue(kQuery, "request"), R"({"id":"x"})");
  EXPECT_EQ(QueryValue(kQuery, "a"), "1");
  EXPECT_EQ(QueryValue(kQuery, "b"), "");
  EXPECT_EQ(QueryValue(kQuery, "c"), "");
}

}  // namespace
}  // namespace airlock::gateway
