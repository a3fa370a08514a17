#include "common/text_escape/shown_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace airlock {
namespace {

constexpr std::size_t kPlenty = 1 << 20;

std::string Block(absl::string_view text) {
  return ShowText(text, LineFeeds::kKept, kPlenty).text;
}
std::string Line(absl::string_view text) {
  return ShowText(text, LineFeeds::kEscaped, kPlenty).text;
}

TEST(ShownTextTest, OrdinaryTextStaysAsItIs) {
  const std::string code = "def f(x):\n    return \"ü\\n\" # 日本 \\.py$ 🚀\n";

  EXPECT_EQ(Block(code), code);
}

TEST(ShownTextTest, LineFeedIsKeptOrShown) {
  EXPECT_EQ(Block("a\nb"), "a\nb");
  EXPECT_EQ(Line("a\nb"), "a\\u{000A}b");
}

TEST(ShownTextTest, HarmfulCharactersAndBytesAreShown) {
  EXPECT_EQ(Block("\u202Egnp.exe"), "\\u{202E}gnp.exe");
  EXPECT_EQ(Block("a\rb\tc\x1b[2J"), "a\\u{000D}b\\u{0009}c\\u{001B}[2J");
  EXPECT_EQ(Block("a\u200Bb\u00A0c\u2003d\U000E0041"),
            "a\\u{200B}b\\u{00A0}c\\u{2003}d\\u{E0041}");
  EXPECT_EQ(Block(std::string("a\0\xff\xc0\xaf", 5)),
            "a\\u{0000}\\x{FF}\\x{C0}\\x{AF}");
}

TEST(ShownTextTest, LongRunsOfBlanksAreCounted) {
  const std::string most(kMaxBlanks, ' ');

  EXPECT_EQ(Block("a" + most + "b"), "a" + most + "b");
  EXPECT_EQ(Block("a" + most + " b"), "a\\{33 blanks}b");
  EXPECT_EQ(Line(std::string(1000, ' ')), "\\{1000 blanks}");
}

TEST(ShownTextTest, LongRunsOfLineFeedsAreCounted) {
  EXPECT_EQ(Block("a\n\n\n\nb"), "a\n\n\n\nb");
  EXPECT_EQ(Block("a\n\n\n\n\nb"), "a\n\\{5 line feeds}\nb");
  EXPECT_EQ(Line("a\n\n\n\n\nb"), "a\\{5 line feeds}b");
}

TEST(ShownTextTest, BlanksBetweenLineFeedsDoNotHideARun) {
  EXPECT_EQ(Block("a \n \n \n  \n\n    b"),
            "a\n\\{5 line feeds, 5 blanks}\n    b");
}

TEST(ShownTextTest, WhatIsWrittenLikeAFormDiffersFromIt) {
  EXPECT_EQ(Block("\\u{202E}"), "\\\\u{202E}");
  EXPECT_EQ(Block("\\x{FF}"), "\\\\x{FF}");
  EXPECT_EQ(Block("\\{33 blanks}"), "\\\\{33 blanks}");
  EXPECT_EQ(Block("\\\u202E"), "\\\\\\u{202E}");
  EXPECT_EQ(Block("\\\\u{202E}"), "\\\\\\\\u{202E}");
  EXPECT_EQ(Block("C:\\users\\x"), "C:\\users\\x");
}

TEST(ShownTextTest, CutIsBetweenCharactersAndCounted) {
  const ShownText shown = ShowText("abü\u202Ec", LineFeeds::kKept, 4);

  EXPECT_EQ(shown.text, "abü");
  EXPECT_EQ(shown.cut_bytes, 4);
  EXPECT_EQ(ShowText("abü", LineFeeds::kKept, 3).text, "ab");
  EXPECT_EQ(ShowText("abü", LineFeeds::kKept, 3).cut_bytes, 2);
  EXPECT_EQ(ShowText("a\u202E", LineFeeds::kKept, 8).cut_bytes, 3);
  EXPECT_EQ(ShowText("a\u202E", LineFeeds::kKept, 9).cut_bytes, 0);
  EXPECT_EQ(ShowText("abc", LineFeeds::kKept, 0).cut_bytes, 3);
}

// The UTF-8 of a character below U+10000; surrogates as they were shown.
std::string Encode(unsigned long character) {
  std::string bytes;
  const auto add = [&bytes](unsigned long byte) {
    bytes += static_cast<char>(byte);
  };
  if (character < 0x80) {
    add(character);
  } else if (character < 0x800) {
    add(0xC0U | (character >> 6U));
    add(0x80U | (character & 0x3FU));
  } else {
    add(0xE0U | (character >> 12U));
    add(0x80U | ((character >> 6U) & 0x3FU));
    add(0x80U | (character & 0x3FU));
  }
  return bytes;
}

// What a form, without its backslash, stands for; takes it off `shown`.
std::string ReadForm(absl::string_view& shown) {
  const std::string form(shown.substr(0, shown.find('}')));
  shown.remove_prefix(form.size() + 1);
  const std::size_t digits = form.find('{') + 1;
  const int base = digits == 1 ? 10 : 16;
  const auto number = std::strtoul(form.c_str() + digits, nullptr, base);
  if (form[0] == 'x') return {static_cast<char>(number)};
  if (form[0] == 'u') return Encode(number);
  return std::string(number, absl::StrContains(form, "blank") ? ' ' : '\n');
}

// The original of a text shown with its line feeds escaped.
std::string Undo(absl::string_view shown) {
  std::string text;
  while (!shown.empty()) {
    if (shown.front() != '\\') {
      text += shown.front();
      shown.remove_prefix(1);
      continue;
    }
    const std::size_t run =
        std::min(shown.find_first_not_of('\\'), shown.size());
    shown.remove_prefix(run);
    const bool form = absl::StartsWith(shown, "{") ||
                      absl::StartsWith(shown, "u{") ||
                      absl::StartsWith(shown, "x{");
    text += std::string(form ? run / 2 : run, '\\');
    if (form && run % 2 == 1) text += ReadForm(shown);
  }
  return text;
}

TEST(ShownTextTest, TextCanBeReadBackFromWhatIsShown) {
  const std::vector<std::string> parts = {
      "\\",   "\\\\", "u{202E}", "x{FF}", "{40 blanks}", "a",
      "\xff", "ü",    "\u202E",  "\n",    " ",           std::string(40, ' '),
      "{",    "}",    "u",       "\t",    "\xe2\x82",    std::string(7, '\n')};
  std::mt19937 random(20261127);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto count = random() % 8; count > 0; --count) {
      // White space side by side is folded together, and with that its order
      // is lost.
      const std::string& part = parts[random() % parts.size()];
      const bool both_white = !text.empty() &&
                              (text.back() == ' ' || text.back() == '\n') &&
                              (part[0] == ' ' || part[0] == '\n');
      if (!both_white) text += part;
    }
    ASSERT_EQ(Undo(Line(text)), text) << Line(text);
  }
}

}  // namespace
}  // namespace airlock
