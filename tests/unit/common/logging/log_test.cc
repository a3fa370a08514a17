#include "common/logging/log.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace airlock {
namespace {

std::string Line(LogFields fields) {
  return FormatLogLine(absl::FromUnixMillis(1'700'000'000'123), "info",
                       "sandbox created", fields);
}

TEST(LogTest, LineIsOneJsonObject) {
  EXPECT_EQ(Line({{"sandbox_id", "abc"},
                  {"attempt", 2},
                  {"ready", true},
                  {"seconds", absl::Milliseconds(1500)},
                  {"error", absl::NotFoundError("no image")}}),
            "{\"time\":\"2023-11-14T22:13:20.123000Z\",\"severity\":\"info\","
            "\"msg\":\"sandbox created\",\"sandbox_id\":\"abc\",\"attempt\":2,"
            "\"ready\":true,\"seconds\":1.5,"
            "\"error\":\"NOT_FOUND: no image\"}\n");
}

TEST(LogTest, NumbersOfEverySizeAreNumbers) {
  EXPECT_THAT(Line({{"a", std::numeric_limits<std::uint64_t>::max()},
                    {"b", std::numeric_limits<std::int64_t>::min()},
                    {"c", std::numeric_limits<double>::infinity()}}),
              testing::HasSubstr("\"a\":18446744073709551615,"
                                 "\"b\":-9223372036854775808,\"c\":null"));
}

TEST(JsonQuoteTest, PrintableAsciiStays) {
  EXPECT_EQ(JsonQuote("echo 'a' | tee /b~"), "\"echo 'a' | tee /b~\"");
}

TEST(JsonQuoteTest, QuotesAndControlsAreEscaped) {
  EXPECT_EQ(JsonQuote("a\"b\\c\nd\x1b\x7f"),
            "\"a\\\"b\\\\c\\nd\\u001b\\u007f\"");
  EXPECT_EQ(JsonQuote(absl::string_view("\0", 1)), "\"\\u0000\"");
}

TEST(JsonQuoteTest, InvisibleAndDirectionCharactersShowAsEscapes) {
  // Right-to-left override, zero width space, an emoji.
  EXPECT_EQ(JsonQuote("\xe2\x80\xae\xe2\x80\x8b\xf0\x9f\x98\x80"),
            "\"\\u202e\\u200b\\ud83d\\ude00\"");
}

TEST(JsonQuoteTest, WhatIsNotUtf8IsReplaced) {
  for (const char* text : {"\xff", "\xc3", "\xc0\x80" /* overlong */,
                           "\xed\xa0\x80" /* surrogate */,
                           "\xf5\x80\x80\x80" /* beyond Unicode */}) {
    const std::string quoted = JsonQuote(text);
    EXPECT_THAT(quoted, testing::StartsWith("\"\\ufffd")) << text;
    EXPECT_FALSE(
        nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false)
            .is_discarded());
  }
}

}  // namespace
}  // namespace airlock
