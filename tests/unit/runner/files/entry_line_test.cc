#include "services/runner/files/entry_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace airlock::runner {
namespace {

std::string Json(std::string_view text, bool expect_lossy) {
  bool lossy = false;
  std::string out = JsonString(text, lossy);
  EXPECT_EQ(lossy, expect_lossy) << text;
  return out;
}

TEST(JsonStringTest, TextStaysAsItIs) {
  // Two, three and four bytes, and the last character there is.
  const std::string text =
      "a \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 "
      "\xf4\x8f\xbf\xbf";
  EXPECT_EQ(Json(text, false), "\"" + text + "\"");
}

TEST(JsonStringTest, WhatJsonDoesNotTakeIsEscaped) {
  EXPECT_EQ(Json(std::string("\"\\\n\0\x7f", 5), false),
            R"("\"\\\u000a\u0000\u007f")");
}

TEST(JsonStringTest, EachByteThatIsNoUtf8IsReplaced) {
  const std::string one = "\xef\xbf\xbd";
  const std::vector<std::pair<std::string, int>> cases = {
      {"\x80", 1},
      {"\xff", 1},
      {"\xc3", 1},
      {"\xc0\x80", 2},
      {"\xe0\x9f\xbf", 3},
      {"\xed\xa0\x80", 3},
      {"\xe2\x82", 2},
      {"\xf0\x8f\xbf\xbf", 4},
      {"\xf4\x90\x80\x80", 4},
      {"\xf5\x80\x80\x80", 4}};
  for (const auto& [text, count] : cases) {
    std::string expected = "\"";
    for (int i = 0; i < count; ++i) expected += one;
    EXPECT_EQ(Json(text, true), expected + "\"");
  }
  EXPECT_EQ(Json("a\xc3"
                 "b",
                 true),
            "\"a" + one + "b\"");
}

TEST(Base64Test, KnownAnswers) {
  // RFC 4648, section 10.
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xff\xfe\xfd"), "//79");
}

TEST(EntryLineTest, FieldsAreInOrder) {
  struct stat status {};
  status.st_mode = S_IFLNK | 0777;
  status.st_size = 3;
  status.st_mtim = {-1, 999'000'000};

  EXPECT_EQ(EntryLine("n\xff", status, "t"),
            "{\"name\":\"n\xef\xbf\xbd\",\"nameBase64\":\"bv8=\","
            "\"type\":\"symlink\",\"size\":3,\"mode\":511,\"mtimeMs\":-1,"
            "\"target\":\"t\"}\n");
}

}  // namespace
}  // namespace airlock::runner
