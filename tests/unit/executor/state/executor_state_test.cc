#include "services/executor/state/executor_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class ExecutorStateTest : public testing::Test {
 protected:
  std::string StatePath() const { return path_ + "/deep/state"; }
  void WriteId(const std::string& text) const {
    std::ofstream(path_ + "/executor-id") << text;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path();
};

TEST_F(ExecutorStateTest, IdIsMadeOnceAndKept) {
  auto first = ExecutorState::Open(StatePath());
  ASSERT_THAT(first, IsOk());
  const std::string id = (*first)->id();
  const std::string nonce = (*first)->boot_nonce();
  first->reset();

  const auto second = ExecutorState::Open(StatePath());

  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(id, MatchesRegex("ex-[0-9a-f]{12}"));
  EXPECT_EQ((*second)->id(), id);
  EXPECT_EQ(nonce.size(), 16u);
  EXPECT_NE((*second)->boot_nonce(), nonce);
}

TEST_F(ExecutorStateTest, DirectoryInUseIsRefused) {
  const auto first = ExecutorState::Open(StatePath());
  ASSERT_THAT(first, IsOk());

  const auto second = ExecutorState::Open(StatePath());

  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("another executor runs on")));
  EXPECT_EQ(ErrorReason(second.status()), "STATE_LOCKED");
}

TEST_F(ExecutorStateTest, FileWithoutAnIdIsNotOverwritten) {
  for (const char* text :
       {"hello", "ex-", "ex-0123456789AB", "ex-0123456789abc", "\n"}) {
    WriteId(text);

    EXPECT_THAT(ExecutorState::Open(path_),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("executor-id")))
        << text;
  }
}

TEST_F(ExecutorStateTest, IdWrittenByHandIsTaken) {
  WriteId("ex-0123456789ab\n");

  const auto state = ExecutorState::Open(path_);

  ASSERT_THAT(state, IsOk());
  EXPECT_EQ((*state)->id(), "ex-0123456789ab");
}

TEST_F(ExecutorStateTest, PathThatIsAFileIsAnError) {
  WriteId("x");

  EXPECT_THAT(ExecutorState::Open(path_ + "/executor-id"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("executor.statePath")));
}

}  // namespace
}  // namespace airlock::executor
