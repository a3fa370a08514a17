#include "services/executor/backends/docker/runner_volume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "services/executor/backends/docker/tar_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/executor/backends/docker/fake_engine.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

constexpr char kProgram[] = "\177ELF and so on";

absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

class RunnerVolumeTest : public testing::Test {
 protected:
  std::unique_ptr<RunnerVolume> Load() {
    std::ofstream(folder_ / "runner") << kProgram;
    auto volume = RunnerVolume::Load(folder_ / "runner", {{"owner", "me"}},
                                     engine_.containers, engine_.volumes);
    EXPECT_THAT(volume, IsOk());
    return *std::move(volume);
  }

  TemporaryDirectory folder_;
  FakeEngine engine_;
};

TEST_F(RunnerVolumeTest, IsNamedAfterItsContent) {
  EXPECT_THAT(Load()->name(),
              testing::MatchesRegex("airlock-runner-[0-9a-f]{64}"));
}

TEST_F(RunnerVolumeTest, IsFilledOnceAndLeavesNoHelper) {
  const auto volume = Load();

  EXPECT_THAT(volume->Ensure("image", Soon()), IsOk());
  EXPECT_THAT(volume->Ensure("image", Soon()), IsOk());

  EXPECT_EQ(engine_.state.uploads, 1);
  EXPECT_EQ(ReadTar(engine_.state.archive), kProgram);
  EXPECT_TRUE(engine_.state.containers.empty());
}

TEST_F(RunnerVolumeTest, RightContentIsNotWrittenAgain) {
  engine_.state.archive = MakeTar("airlock-runner", kProgram);

  EXPECT_THAT(Load()->Ensure("image", Soon()), IsOk());

  EXPECT_EQ(engine_.state.uploads, 0);
}

TEST_F(RunnerVolumeTest, WrongContentIsReplaced) {
  engine_.state.archive = MakeTar("airlock-runner", "\177ELF something else");

  EXPECT_THAT(Load()->Ensure("image", Soon()), IsOk());

  EXPECT_EQ(ReadTar(engine_.state.archive), kProgram);
}

TEST_F(RunnerVolumeTest, ContentThatDoesNotArriveIsAnError) {
  engine_.state.corrupts = true;

  EXPECT_THAT(Load()->Ensure("image", Soon()),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("does not hold what was written")));
  EXPECT_TRUE(engine_.state.containers.empty());
}

TEST_F(RunnerVolumeTest, SeveralExecutorsFillItOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([volume = std::shared_ptr(Load())] {
      EXPECT_THAT(volume->Ensure("image", Soon()), IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(engine_.state.uploads, 1);
}

TEST_F(RunnerVolumeTest, HelperCarriesTheLabelsOfItsOwner) {
  const auto volume = Load();

  EXPECT_THAT(volume->Ensure("image", Soon()), IsOk());

  EXPECT_EQ(engine_.state.last_labels.value("owner", ""), "me");
  EXPECT_EQ(engine_.state.last_labels.value("airlock.runner_helper", ""),
            volume->name());
}

TEST_F(RunnerVolumeTest, HelperOfADeadExecutorIsRemoved) {
  const auto volume = Load();
  engine_.state.containers["dead"] = volume->name() + "-helper";
  engine_.state.created_at = absl::ToUnixSeconds(absl::Now()) - 120;

  EXPECT_THAT(volume->Ensure("image", Soon()), IsOk());
  EXPECT_TRUE(engine_.state.containers.empty());
}

TEST_F(RunnerVolumeTest, HelperOfALiveExecutorIsWaitedFor) {
  const auto volume = Load();
  engine_.state.containers["alive"] = volume->name() + "-helper";
  engine_.state.created_at = absl::ToUnixSeconds(absl::Now());

  EXPECT_THAT(volume->Ensure("image", absl::Now() + absl::Milliseconds(200)),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(engine_.state.containers.size(), 1U);
}

TEST_F(RunnerVolumeTest, WhatIsNoProgramIsRefused) {
  std::ofstream(folder_ / "text") << "#!/bin/sh";

  EXPECT_THAT(RunnerVolume::Load(folder_ / "text", {}, engine_.containers,
                                 engine_.volumes),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(RunnerVolume::Load(folder_ / "missing", {}, engine_.containers,
                                 engine_.volumes),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace airlock::executor
