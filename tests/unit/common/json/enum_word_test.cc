#include "common/json/enum_word.h"

#include <gtest/gtest.h>

#include "airlock/v1/action.pb.h"
#include "airlock/v1/execution.pb.h"

namespace airlock {
namespace {

TEST(EnumWordTest, TheCommonPrefixIsLeftOut) {
  EXPECT_EQ(EnumWord(*airlock::v1::ActionKind_descriptor(),
                     airlock::v1::ACTION_KIND_CODE_EXEC),
            "code_exec");
  EXPECT_EQ(EnumWord(*airlock::v1::Outcome::EndedBy_descriptor(),
                     airlock::v1::Outcome::ENDED_BY_TIMED_OUT),
            "timed_out");
}

TEST(EnumWordTest, AnUnknownValueIsItsNumber) {
  EXPECT_EQ(EnumWord(*airlock::v1::ActionKind_descriptor(), 4711), "4711");
}

}  // namespace
}  // namespace airlock
