#include "common/http/response_head.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

TEST(ResponseHeadTest, StatusHeadersAndTheEndAreRead) {
  const std::string text =
      "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nX-Empty:\r\n\r\nbody";

  const auto head = ParseResponseHead(text);

  ASSERT_THAT(head, IsOk());
  ASSERT_TRUE(head->has_value());
  EXPECT_EQ((*head)->response.status, 101);
  EXPECT_EQ((*head)->response.Header("upgrade"), "tcp");
  EXPECT_EQ((*head)->response.Header("x-empty"), "");
  EXPECT_EQ(text.substr((*head)->size), "body");
}

TEST(ResponseHeadTest, IncompleteHeadsNeedMore) {
  const std::string text = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto head = ParseResponseHead(text.substr(0, size));

    ASSERT_THAT(head, IsOk());
    EXPECT_FALSE(head->has_value()) << size;
  }
}

TEST(ResponseHeadTest, WhatIsNotHttpIsRefused) {
  for (const char* text :
       {"\r\n\r\n", "SSH-2.0-x\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n",
        "HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n"}) {
    EXPECT_THAT(ParseResponseHead(text),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(ResponseHeadTest, EndlessHeadsAreRefused) {
  EXPECT_THAT(
      ParseResponseHead("HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'x')),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace airlock
