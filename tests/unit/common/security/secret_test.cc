#include "common/security/secret.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

namespace airlock {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(SecretTest, CannotBePrintedCopiedOrTakenForText) {
  static_assert(!Printable<Secret>);
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_copy_assignable_v<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
}

TEST(SecretTest, MovingLeavesNothingBehind) {
  Secret first(std::string("hunter2"));
  Secret second(std::move(first));
  Secret third;
  third = std::move(second);

  EXPECT_TRUE(first.empty());   // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.Reveal(), "hunter2");
}

}  // namespace
}  // namespace airlock
