#include "common/security/principal.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

TEST(PrincipalRoleTest, EveryRoleHasItsWord) {
  for (const char* word : {"agent", "approver", "auditor", "operator"}) {
    ASSERT_TRUE(PrincipalRoleFromWord(word).has_value()) << word;
    EXPECT_EQ(PrincipalRoleWord(*PrincipalRoleFromWord(word)), word);
  }
}

TEST(PrincipalRoleTest, OtherWordsAreNone) {
  EXPECT_FALSE(PrincipalRoleFromWord("Auditor").has_value());
  EXPECT_FALSE(PrincipalRoleFromWord("gateway").has_value());
  EXPECT_FALSE(PrincipalRoleFromWord("").has_value());
  EXPECT_EQ(PrincipalRoleWord(airlock::v1::PRINCIPAL_ROLE_UNSPECIFIED), "");
}

}  // namespace
}  // namespace airlock
