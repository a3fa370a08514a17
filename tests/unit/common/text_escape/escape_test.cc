#include "common/text_escape/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace airlock {
namespace {

TEST(EscapeTextTest, OrdinaryTextStaysAsItIs) {
  EXPECT_EQ(EscapeText("echo \"hi\" | grep ü 日本 🚀"),
            "echo \"hi\" | grep ü 日本 🚀");
}

TEST(EscapeTextTest, ControlCharactersAreShown) {
  EXPECT_EQ(EscapeText("a\nb\x1b[2J\x7f"), "a\\u{000A}b\\u{001B}[2J\\u{007F}");
  EXPECT_EQ(EscapeText(std::string("a\0b", 3)), "a\\u{0000}b");
  EXPECT_EQ(EscapeText("\u009b"), "\\u{009B}");
}

TEST(EscapeTextTest, DirectionAndInvisibleCharactersAreShown) {
  EXPECT_EQ(EscapeText("\u202Egnp.exe"), "\\u{202E}gnp.exe");
  EXPECT_EQ(EscapeText("\u2066\u2069\u061C"), "\\u{2066}\\u{2069}\\u{061C}");
  EXPECT_EQ(EscapeText("a\u200Bb\u00ADc\uFEFF\u3164"),
            "a\\u{200B}b\\u{00AD}c\\u{FEFF}\\u{3164}");
  EXPECT_EQ(EscapeText("\U000E0041"), "\\u{E0041}");
}

TEST(EscapeTextTest, SpacesThatLookLikeSpacesAreShown) {
  EXPECT_EQ(EscapeText("a b\u00A0c\u2003d\u3000e"),
            "a b\\u{00A0}c\\u{2003}d\\u{3000}e");
}

TEST(EscapeTextTest, BytesThatAreNotUtf8AreShown) {
  EXPECT_EQ(EscapeText("\xff"), "\\x{FF}");
  EXPECT_EQ(EscapeText("\xc0\xaf"), "\\x{C0}\\x{AF}");
  EXPECT_EQ(EscapeText("\xe2\x82"), "\\x{E2}\\x{82}");
  EXPECT_EQ(EscapeText("\xf8\x88\x80\x80\x80"),
            "\\x{F8}\\x{88}\\x{80}\\x{80}\\x{80}");
  EXPECT_EQ(EscapeText("\xed\xa0\x80"), "\\u{D800}");
}

TEST(EscapeTextTest, WrittenEscapeDiffersFromTheCharacter) {
  EXPECT_EQ(EscapeText("\\u{202E}"), "\\\\u{202E}");
}

TEST(EscapeRenderedTest, OnlyTheBackslashStays) {
  EXPECT_EQ(EscapeRendered("a\\u{202E}\x1b\u202E\xff\n"),
            "a\\u{202E}\\u{001B}\\u{202E}\\x{FF}\\u{000A}");
}

TEST(EscapeJsonTest, OnlyHarmfulCharactersChange) {
  EXPECT_EQ(EscapeJson("{\n  \"ü\": \"\u2066\U000E0041\"\n}"),
            "{\n  \"ü\": \"\\u2066\\udb40\\udc41\"\n}");
}

TEST(EscapeJsonTest, BrokenUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(EscapeJson("\"\xff\""), "\"\\ufffd\"");
}

}  // namespace
}  // namespace airlock
