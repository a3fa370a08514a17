#include "common/security/digest.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

TEST(DigestTest, Sha256IsTheStandardOne) {
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(Sha256("")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(ToBytes(Sha256("abc")).size(), 32);
}

TEST(HexTest, BytesComeBack) {
  const std::string bytes("\x00\x7f\xff", 3);

  EXPECT_EQ(HexEncode(bytes), "007fff");
  EXPECT_EQ(HexDecode("007fff"), bytes);
  EXPECT_EQ(HexDecode("007FFF"), bytes);
  EXPECT_EQ(HexDecode(""), "");
}

TEST(HexTest, AnythingElseIsNothing) {
  for (const char* text : {"0", "0g", "0x10", " 00", "00 "}) {
    EXPECT_EQ(HexDecode(text), std::nullopt) << text;
  }
}

TEST(EqualInConstantTimeTest, ComparesBytes) {
  EXPECT_TRUE(EqualInConstantTime("abc", "abc"));
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_FALSE(EqualInConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualInConstantTime("abc", "abcd"));
}

}  // namespace
}  // namespace airlock
