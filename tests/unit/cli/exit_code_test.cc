#include "services/cli/run/exit_code.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace airlock::cli {
namespace {

using ::airlock::v1::Execution;
using ::airlock::v1::Outcome;

Execution Finished(Outcome::EndedBy ended_by, const std::string& reason = "") {
  Execution execution;
  execution.set_state(Execution::STATE_FINISHED);
  execution.mutable_outcome()->set_ended_by(ended_by);
  execution.mutable_outcome()->set_reason(reason);
  return execution;
}

Execution Exited(int code) {
  Execution execution = Finished(Outcome::ENDED_BY_EXITED);
  execution.mutable_outcome()->set_exit_code(code);
  return execution;
}

Execution Signaled(int signal) {
  Execution execution = Finished(Outcome::ENDED_BY_SIGNALED);
  execution.mutable_outcome()->set_signal(signal);
  return execution;
}

Execution InState(Execution::State state, const std::string& reason = "") {
  Execution execution;
  execution.set_state(state);
  execution.set_state_reason(reason);
  return execution;
}

TEST(ExitCodeTest, CommandsOwnCodePasses) {
  EXPECT_EQ(ExitCodeOf(Exited(0)), 0);
  EXPECT_EQ(ExitCodeOf(Exited(3)), 3);
  EXPECT_EQ(ExitCodeOf(Exited(255)), 255);
}

TEST(ExitCodeTest, MissingOrImpossibleCodeIsNoSuccess) {
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_EXITED)), 125);
  EXPECT_EQ(ExitCodeOf(Exited(256)), 125);
  EXPECT_EQ(ExitCodeOf(Exited(-1)), 125);
}

TEST(ExitCodeTest, SignalsAreAddedTo128) {
  EXPECT_EQ(ExitCodeOf(Signaled(9)), 137);
  EXPECT_EQ(ExitCodeOf(Signaled(15)), 143);
  EXPECT_EQ(ExitCodeOf(Signaled(0)), 125);
  EXPECT_EQ(ExitCodeOf(Signaled(128)), 125);
}

TEST(ExitCodeTest, LimitsHaveTheirCodes) {
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_TIMED_OUT)), 124);
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_OUT_OF_MEMORY)), 137);
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_OUTPUT_LIMIT)), 137);
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_CANCELLED)), 130);
}

TEST(ExitCodeTest, CommandThatCouldNotStartIsAsDockerHasIt) {
  const auto not_started = Outcome::ENDED_BY_NOT_STARTED;

  EXPECT_EQ(ExitCodeOf(Finished(not_started, "COMMAND_NOT_FOUND")), 127);
  EXPECT_EQ(ExitCodeOf(Finished(not_started, "COMMAND_NOT_EXECUTABLE")), 126);
  EXPECT_EQ(ExitCodeOf(Finished(not_started, "BAD_CWD")), 125);
  EXPECT_EQ(ExitCodeOf(Finished(not_started)), 125);
}

TEST(ExitCodeTest, UnknownOutcomeIsAnErrorOfAirlock) {
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_OUTCOME_UNKNOWN)), 125);
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_SANDBOX_FAILED)), 125);
  EXPECT_EQ(ExitCodeOf(Finished(Outcome::ENDED_BY_UNSPECIFIED)), 125);
}

TEST(ExitCodeTest, RefusalsHaveTheirCodes) {
  EXPECT_EQ(ExitCodeOf(InState(Execution::STATE_DENIED)), 77);
  EXPECT_EQ(ExitCodeOf(InState(Execution::STATE_REJECTED)), 77);
  EXPECT_EQ(ExitCodeOf(InState(Execution::STATE_EXPIRED)), 78);
  EXPECT_EQ(ExitCodeOf(InState(Execution::STATE_EXPIRED, "QUEUE_TIMEOUT")),
            125);
  EXPECT_EQ(ExitCodeOf(InState(Execution::STATE_CANCELLED)), 130);
}

TEST(ExitCodeTest, WhatHasNotEndedIsNoSuccess) {
  for (const auto state :
       {Execution::STATE_UNSPECIFIED, Execution::STATE_QUEUED,
        Execution::STATE_RUNNING, Execution::STATE_AWAITING_APPROVAL}) {
    EXPECT_EQ(ExitCodeOf(InState(state)), 125);
  }
}

// Whatever comes over the wire, only a command that exited with 0 gives 0.
TEST(ExitCodeTest, NothingElseIsZero) {
  for (int state = 0; state <= Execution::State_MAX + 1; ++state) {
    for (int ended_by = 0; ended_by <= Outcome::EndedBy_MAX + 1; ++ended_by) {
      if (state == Execution::STATE_FINISHED &&
          ended_by == Outcome::ENDED_BY_EXITED) {
        continue;
      }
      Execution execution = Exited(0);
      execution.set_state(static_cast<Execution::State>(state));
      execution.mutable_outcome()->set_ended_by(
          static_cast<Outcome::EndedBy>(ended_by));
      EXPECT_NE(ExitCodeOf(execution), 0) << state << " " << ended_by;
    }
  }
}

}  // namespace
}  // namespace airlock::cli
