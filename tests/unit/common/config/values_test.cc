#include "common/config/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using testing::HasSubstr;

TEST(ParseByteSizeTest, SuffixesArePowersOf1024) {
  EXPECT_EQ(ParseByteSize("0").value(), 0u);
  EXPECT_EQ(ParseByteSize("1024").value(), 1024u);
  EXPECT_EQ(ParseByteSize("7b").value(), 7u);
  EXPECT_EQ(ParseByteSize("2k").value(), 2048u);
  EXPECT_EQ(ParseByteSize("512m").value(), 512u << 20);
  EXPECT_EQ(ParseByteSize("1g").value(), 1u << 30);
  EXPECT_EQ(ParseByteSize("1G").value(), 1u << 30);
  EXPECT_EQ(ParseByteSize("3t").value(), std::uint64_t{3} << 40);
}

TEST(ParseByteSizeTest, EverythingElseIsRefused) {
  for (const char* bad : {"", "512x", "m", "-1", "-512m", "+1", " 1", "1 ",
                          "1.5g", "0x10", "1mb", "1kk", "512 m", "1e3"}) {
    EXPECT_THAT(ParseByteSize(bad),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("must be a size such as \"512m\"")))
        << bad;
  }
}

TEST(ParseByteSizeTest, OverflowIsRefused) {
  EXPECT_EQ(ParseByteSize("9223372036854775807").value(),
            std::uint64_t{9223372036854775807u});
  for (const char* bad : {"9223372036854775808", "8388608t",
                          "99999999999999999999999", "18446744073709551617"}) {
    EXPECT_THAT(ParseByteSize(bad), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("below 2^63")))
        << bad;
  }
}

TEST(FormatByteSizeTest, LargestExactSuffixIsUsed) {
  EXPECT_EQ(FormatByteSize(0), "0");
  EXPECT_EQ(FormatByteSize(1023), "1023");
  EXPECT_EQ(FormatByteSize(1536), "1536");
  EXPECT_EQ(FormatByteSize(512u << 20), "512m");
  EXPECT_EQ(FormatByteSize(std::uint64_t{2048} << 40), "2048t");
}

TEST(ParseCpuTest, DecimalsAreThousandths) {
  EXPECT_EQ(ParseCpu("1").value(), 1000u);
  EXPECT_EQ(ParseCpu("1.0").value(), 1000u);
  EXPECT_EQ(ParseCpu("0.5").value(), 500u);
  EXPECT_EQ(ParseCpu("0.25").value(), 250u);
  EXPECT_EQ(ParseCpu("2.125").value(), 2125u);
  EXPECT_EQ(ParseCpu("0").value(), 0u);
}

TEST(ParseCpuTest, EverythingElseIsRefused) {
  for (const char* bad : {"", ".", "1.", ".5", "-1", "+1", "1.0000", "1e3",
                          "one", "1,5", "1.0 ", "0x1", "inf", "9999999"}) {
    EXPECT_THAT(ParseCpu(bad), StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(ParseHostPortTest, NamesAndAddressesAreRead) {
  EXPECT_EQ(ParseHostPort("127.0.0.1:7400").value(),
            (HostPort{"127.0.0.1", 7400}));
  EXPECT_EQ(ParseHostPort("policy.internal:1").value(),
            (HostPort{"policy.internal", 1}));
  EXPECT_EQ(ParseHostPort("[::1]:0").value(), (HostPort{"::1", 0}));
  EXPECT_EQ(ParseHostPort("[::1]:65535")->ToString(), "[::1]:65535");
  EXPECT_EQ(ParseHostPort("localhost:80")->ToString(), "localhost:80");
}

TEST(ParseHostPortTest, EverythingElseIsRefused) {
  for (const char* bad :
       {"",           "host",      "host:",          ":80",
        "host:65536", "host:-1",   "host:+1",        "host:1x",
        "::1:80",     "[::1]",     "[::1:80",        "[host]:80",
        "a b:80",     "-a:80",     "a..b:80",        "256.0.0.1:80",
        "1.2.3:80",   "0x7f.1:80", "http://host:80", "host:080000"}) {
    EXPECT_THAT(ParseHostPort(bad),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(HostPortTest, OnlyAddressesOfThisMachineAreLoopback) {
  EXPECT_TRUE((HostPort{"127.0.0.1", 1}).IsLoopback());
  EXPECT_TRUE((HostPort{"127.9.9.9", 1}).IsLoopback());
  EXPECT_TRUE((HostPort{"::1", 1}).IsLoopback());
  EXPECT_TRUE((HostPort{"localhost", 1}).IsLoopback());
  EXPECT_FALSE((HostPort{"0.0.0.0", 1}).IsLoopback());
  EXPECT_FALSE((HostPort{"::", 1}).IsLoopback());
  EXPECT_FALSE((HostPort{"127.evil.example.com", 1}).IsLoopback());
}

TEST(IsPrincipalIdTest, ClosedFormIsKept) {
  EXPECT_TRUE(IsPrincipalId("ci-bot.2_x"));
  EXPECT_TRUE(IsPrincipalId("0"));
  EXPECT_TRUE(IsPrincipalId(std::string(63, 'a')));
  for (const std::string& bad :
       {std::string(), std::string("A"), std::string("-a"), std::string(".a"),
        std::string("a b"), std::string(64, 'a'), std::string("\xc3\xa4")}) {
    EXPECT_FALSE(IsPrincipalId(bad)) << bad;
  }
}

TEST(NearestWordTest, OnlyWhatIsNearIsProposed) {
  EXPECT_EQ(NearestWord("timout", {"timeout", "image"}), "timeout");
  EXPECT_EQ(NearestWord("memory_limit", {"memoryLimit", "diskLimit"}),
            "memoryLimit");
  EXPECT_EQ(NearestWord("zzz", {"timeout", "image"}), "");
  EXPECT_EQ(NearestWord("", {"a"}), "");
  EXPECT_EQ(NearestWord(std::string(100000, 'a'), {"aaaa"}), "");
}

}  // namespace
}  // namespace airlock
