#include "services/executor/backends/docker/janitor.h"

#include <gtest/gtest.h>

#include "tests/unit/executor/backends/docker/fake_engine.h"

namespace airlock::executor {
namespace {

class JanitorTest : public testing::Test {
 protected:
  FakeEngine engine_;
  Janitor janitor_{engine_.containers};
};

TEST_F(JanitorTest, RemovesWhatItTookOver) {
  engine_.state.containers["c"] = "name";
  janitor_.TakeOver("c", /*may_appear=*/false);

  janitor_.Sweep();

  EXPECT_TRUE(engine_.state.containers.empty());
  EXPECT_EQ(janitor_.waiting(), 0U);
}

TEST_F(JanitorTest, TriesAgainWhenTheEngineIsBack) {
  engine_.state.containers["c"] = "name";
  engine_.state.fails_with = 500;
  janitor_.TakeOver("c", /*may_appear=*/false);
  janitor_.Sweep();
  EXPECT_EQ(janitor_.waiting(), 1U);

  {
    absl::MutexLock lock(&engine_.state.mutex);
    engine_.state.fails_with = 0;
  }
  janitor_.Sweep();

  EXPECT_TRUE(engine_.state.containers.empty());
}

TEST_F(JanitorTest, ContainerThatMayStillAppearIsNotForgotten) {
  janitor_.TakeOver("late", /*may_appear=*/true);
  janitor_.Sweep();
  EXPECT_EQ(janitor_.waiting(), 1U);

  {
    absl::MutexLock lock(&engine_.state.mutex);
    engine_.state.containers["late"] = "name";
  }
  janitor_.Sweep();

  EXPECT_TRUE(engine_.state.containers.empty());
}

}  // namespace
}  // namespace airlock::executor
