#include "common/security/sealed_text.h"

#include <gtest/gtest.h>

#include <string>

namespace airlock {
namespace {

const std::string kKey(32, 'k');

TEST(SealedTextTest, OpensWhatItSealed) {
  for (const std::string& text :
       {std::string(), std::string("text"), std::string("\0\xff", 2),
        std::string(5000, 'x')}) {
    EXPECT_EQ(OpenSealedText(kKey, "p", SealText(kKey, "p", text)), text);
  }
}

TEST(SealedTextTest, LooksDifferentEachTime) {
  EXPECT_NE(SealText(kKey, "p", "text"), SealText(kKey, "p", "text"));
}

TEST(SealedTextTest, OpensNothingElse) {
  const std::string sealed = SealText(kKey, "p", "text");

  EXPECT_EQ(OpenSealedText(std::string(32, 'x'), "p", sealed), std::nullopt);
  EXPECT_EQ(OpenSealedText(kKey, "another", sealed), std::nullopt);
  EXPECT_EQ(OpenSealedText(kKey, "p", sealed.substr(4)), std::nullopt);
  EXPECT_EQ(OpenSealedText(kKey, "p", sealed + "AAAA"), std::nullopt);
  EXPECT_EQ(OpenSealedText(kKey, "p", ""), std::nullopt);
  EXPECT_EQ(OpenSealedText(kKey, "p", "no base64!"), std::nullopt);
  for (std::size_t i = 0; i + 1 < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(OpenSealedText(kKey, "p", changed), std::nullopt) << i;
  }
}

}  // namespace
}  // namespace airlock
