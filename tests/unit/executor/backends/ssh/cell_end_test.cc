#include <gtest/gtest.h>

#include <string>

#include "services/executor/backends/ssh/ssh_sandbox.h"
#include "services/executor/sandbox/process_end.h"

namespace airlock::executor {
namespace {

// Whether the host of a cell is.
constexpr bool kThere = true;
constexpr bool kAway = false;

TEST(CellEndTest, AnEndTheRunnerToldStays) {
  ProcessEnd end;
  end.ended_by = EndedBy::kExited;
  end.exit_code = 3;

  const ProcessEnd told =
      ExplainCellEnd(end, CellEnd{"RUNNER_EXITED", "", true}, kThere);

  EXPECT_EQ(told.ended_by, EndedBy::kExited);
  EXPECT_EQ(told.exit_code, 3);
}

TEST(CellEndTest, WithoutAWordOfTheHostTheOutcomeIsUnknown) {
  for (const char* reason : {"RUNNER_SILENT", "RUNNER_GONE"}) {
    const ProcessEnd end =
        ExplainCellEnd(SandboxFailedEnd(reason, "no answer"), {}, kAway);

    EXPECT_EQ(end.ended_by, EndedBy::kOutcomeUnknown);
    EXPECT_EQ(end.reason, "HOST_LOST");
    EXPECT_FALSE(end.empty);
  }
}

TEST(CellEndTest, ARunnerThatIsSilentIsToldFromALostHost) {
  const ProcessEnd end = ExplainCellEnd(
      SandboxFailedEnd("RUNNER_SILENT", "no answer"), {}, kThere);

  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "RUNNER_SILENT");
  EXPECT_NE(end.message.find("though its host does"), std::string::npos);
  EXPECT_FALSE(end.empty);
}

TEST(CellEndTest, WhatWeGaveUpOurselvesIsNotUnknown) {
  const ProcessEnd end = ExplainCellEnd(
      SandboxFailedEnd("RUNNER_PROTOCOL", "too much"), {}, kThere);

  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "RUNNER_PROTOCOL");
}

TEST(CellEndTest, AfterTheEndOfItsCellNothingOfAProcessRuns) {
  const ProcessEnd end = ExplainCellEnd(
      SandboxFailedEnd("RUNNER_GONE", "gone"),
      CellEnd{"RUNNER_EXITED", "killed by signal 9", false}, kThere);

  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, "RUNNER_EXITED");
  EXPECT_TRUE(end.empty);
}

TEST(CellEndTest, TheKernelsKillForMemoryIsSaid) {
  const ProcessEnd end = ExplainCellEnd(
      SandboxFailedEnd("RUNNER_GONE", "gone"),
      CellEnd{"RUNNER_EXITED", "", /*out_of_memory=*/true}, kThere);

  EXPECT_EQ(end.ended_by, EndedBy::kOutOfMemory);
  EXPECT_TRUE(end.hit_memory);
  EXPECT_TRUE(end.empty);
}

TEST(CellEndTest, WhatWeDestroyedOurselvesNeedsNoExplanation) {
  const ProcessEnd end = ExplainCellEnd(
      SandboxFailedEnd(kDestroyedReason, "destroyed"), {}, kThere);

  EXPECT_EQ(end.ended_by, EndedBy::kSandboxFailed);
  EXPECT_EQ(end.reason, kDestroyedReason);
}

}  // namespace
}  // namespace airlock::executor
