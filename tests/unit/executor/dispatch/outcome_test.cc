#include "services/executor/dispatch/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::executor {
namespace {

using airlock::v1::Outcome;

TEST(OutcomeTest, EveryWayToEndHasItsWord) {
  const std::vector<std::pair<EndedBy, Outcome::EndedBy>> pairs = {
      {EndedBy::kExited, Outcome::ENDED_BY_EXITED},
      {EndedBy::kSignaled, Outcome::ENDED_BY_SIGNALED},
      {EndedBy::kTimedOut, Outcome::ENDED_BY_TIMED_OUT},
      {EndedBy::kOutOfMemory, Outcome::ENDED_BY_OUT_OF_MEMORY},
      {EndedBy::kOutputLimit, Outcome::ENDED_BY_OUTPUT_LIMIT},
      {EndedBy::kCancelled, Outcome::ENDED_BY_CANCELLED},
      {EndedBy::kNotStarted, Outcome::ENDED_BY_NOT_STARTED},
      {EndedBy::kSandboxFailed, Outcome::ENDED_BY_SANDBOX_FAILED},
      {EndedBy::kOutcomeUnknown, Outcome::ENDED_BY_OUTCOME_UNKNOWN}};
  for (const auto& [from, to] : pairs) {
    ProcessEnd end;
    end.ended_by = from;
    EXPECT_EQ(OutcomeFromProcessEnd(end).ended_by(), to);
  }
}

TEST(OutcomeTest, ExitCodeIsSetOnlyWhenItExited) {
  ProcessEnd end;
  end.exit_code = 3;
  end.signal = 9;
  end.ended_by = EndedBy::kTimedOut;
  EXPECT_FALSE(OutcomeFromProcessEnd(end).has_exit_code());
  EXPECT_EQ(OutcomeFromProcessEnd(end).signal(), 0);

  end.ended_by = EndedBy::kExited;
  EXPECT_EQ(OutcomeFromProcessEnd(end).exit_code(), 3);
  end.ended_by = EndedBy::kSignaled;
  EXPECT_EQ(OutcomeFromProcessEnd(end).signal(), 9);
}

TEST(OutcomeTest, LimitsAndUsageAreTold) {
  ProcessEnd end;
  end.hit_pids = end.hit_disk = end.hit_memory = end.hit_cpu = true;
  end.cpu_time = absl::Milliseconds(1500);
  end.wall_time = absl::Seconds(2);
  end.peak_memory_bytes = 77;
  end.leftover_processes = 5;

  const Outcome outcome = OutcomeFromProcessEnd(end);

  EXPECT_THAT(outcome.limits_hit(),
              testing::ElementsAre(airlock::v1::LIMIT_HIT_PIDS,
                                   airlock::v1::LIMIT_HIT_DISK,
                                   airlock::v1::LIMIT_HIT_MEMORY,
                                   airlock::v1::LIMIT_HIT_CPU_THROTTLED));
  EXPECT_EQ(FromProto(outcome.usage().cpu_time()), absl::Milliseconds(1500));
  EXPECT_EQ(FromProto(outcome.usage().wall_time()), absl::Seconds(2));
  EXPECT_EQ(outcome.usage().peak_memory_bytes(), 77u);
  EXPECT_EQ(outcome.leftover_processes(), 5u);
}

TEST(OutcomeTest, OnlyWhatCanNeverWorkIsNotRetriable) {
  EXPECT_FALSE(FailureFromCreate(absl::NotFoundError("x")).retriable);
  EXPECT_FALSE(FailureFromCreate(absl::InvalidArgumentError("x")).retriable);
  EXPECT_FALSE(FailureFromCreate(absl::PermissionDeniedError("x")).retriable);
  EXPECT_TRUE(FailureFromCreate(absl::UnavailableError("x")).retriable);
  EXPECT_TRUE(FailureFromCreate(absl::DeadlineExceededError("x")).retriable);
  EXPECT_TRUE(FailureFromCreate(absl::ResourceExhaustedError("x")).retriable);
  EXPECT_TRUE(FailureFromCreate(absl::InternalError("x")).retriable);
}

TEST(OutcomeTest, ReasonOfTheBackendWinsOverOurs) {
  const CreateFailure failure = FailureFromCreate(
      MakeError(absl::StatusCode::kInvalidArgument, "MOUNT_REFUSED", "no"));

  EXPECT_EQ(failure.outcome.ended_by(), Outcome::ENDED_BY_NOT_STARTED);
  EXPECT_EQ(failure.outcome.reason(), "MOUNT_REFUSED");
  EXPECT_EQ(failure.outcome.message(), "no");
  EXPECT_EQ(FailureFromCreate(absl::NotFoundError("x")).outcome.reason(),
            "IMAGE_NOT_FOUND");
}

}  // namespace
}  // namespace airlock::executor
