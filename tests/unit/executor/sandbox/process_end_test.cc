#include "services/executor/sandbox/process_end.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using runner::v1::Ended;
using testing::HasSubstr;

constexpr ProcessFacts kStarted{true, false};
constexpr ProcessFacts kKilled{true, true};
constexpr ProcessFacts kNeverStarted{false, false};

Ended Frame(Ended::Cause cause) {
  Ended frame;
  frame.set_cause(cause);
  return frame;
}

void ExpectRefused(const Ended& frame, const ProcessFacts& facts,
                   const std::string& message) {
  EXPECT_THAT(ProcessEndFromFrame(frame, facts),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
}

TEST(ProcessEndTest, EveryValueIsCarriedOver) {
  Ended frame = Frame(Ended::CAUSE_EXITED);
  frame.set_exit_code(255);
  frame.set_cpu_time_us(1'500);
  frame.set_wall_time_us(2'500'000);
  frame.set_peak_memory_bytes(4096);
  frame.set_leftover_processes(3);
  frame.set_empty(true);
  frame.set_hit_pids(true);
  frame.set_hit_disk(true);
  frame.set_hit_memory(true);
  frame.set_hit_cpu(true);

  const absl::StatusOr<ProcessEnd> end = ProcessEndFromFrame(frame, kStarted);

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->ended_by, EndedBy::kExited);
  EXPECT_EQ(end->exit_code, 255);
  EXPECT_EQ(end->cpu_time, absl::Microseconds(1'500));
  EXPECT_EQ(end->wall_time, absl::Milliseconds(2'500));
  EXPECT_EQ(end->peak_memory_bytes, 4096U);
  EXPECT_EQ(end->leftover_processes, 3U);
  EXPECT_TRUE(end->empty && end->hit_pids && end->hit_disk && end->hit_memory &&
              end->hit_cpu);
}

TEST(ProcessEndTest, CausesHaveTheirNames) {
  const std::pair<Ended::Cause, EndedBy> causes[] = {
      {Ended::CAUSE_EXITED, EndedBy::kExited},
      {Ended::CAUSE_TIMED_OUT, EndedBy::kTimedOut},
      {Ended::CAUSE_OUTPUT_LIMIT, EndedBy::kOutputLimit},
      {Ended::CAUSE_KILLED, EndedBy::kCancelled},
      {Ended::CAUSE_OUT_OF_MEMORY, EndedBy::kOutOfMemory}};

  for (const auto& [cause, ended_by] : causes) {
    const absl::StatusOr<ProcessEnd> end =
        ProcessEndFromFrame(Frame(cause), kKilled);
    ASSERT_THAT(end, IsOk());
    EXPECT_EQ(end->ended_by, ended_by);
  }
}

TEST(ProcessEndTest, SignalIsCarriedOver) {
  Ended frame = Frame(Ended::CAUSE_SIGNALED);
  frame.set_signal(11);

  EXPECT_EQ(ProcessEndFromFrame(frame, kStarted)->signal, 11);
}

TEST(ProcessEndTest, NotStartedKeepsItsReason) {
  Ended frame = Frame(Ended::CAUSE_NOT_STARTED);
  frame.set_reason("BAD_CWD");
  frame.set_message("no such place");

  const absl::StatusOr<ProcessEnd> end =
      ProcessEndFromFrame(frame, kNeverStarted);

  ASSERT_THAT(end, IsOk());
  EXPECT_EQ(end->ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end->reason, "BAD_CWD");
  EXPECT_EQ(end->message, "no such place");
}

TEST(ProcessEndTest, UnknownCauseIsRefused) {
  ExpectRefused(Frame(Ended::CAUSE_UNSPECIFIED), kStarted, "unknown cause");
  ExpectRefused(Frame(static_cast<Ended::Cause>(99)), kStarted,
                "unknown cause 99");
}

TEST(ProcessEndTest, ImpossibleExitCodeIsRefused) {
  for (const int code : {-1, 256, std::numeric_limits<int>::max()}) {
    Ended frame = Frame(Ended::CAUSE_EXITED);
    frame.set_exit_code(code);
    ExpectRefused(frame, kStarted, "impossible exit code");
  }
  Ended frame = Frame(Ended::CAUSE_TIMED_OUT);
  frame.set_exit_code(1);
  ExpectRefused(frame, kStarted, "impossible exit code");
}

TEST(ProcessEndTest, ImpossibleSignalIsRefused) {
  for (const int signal : {-1, 0, 65}) {
    Ended frame = Frame(Ended::CAUSE_SIGNALED);
    frame.set_signal(signal);
    ExpectRefused(frame, kStarted, "impossible signal");
  }
  Ended frame = Frame(Ended::CAUSE_EXITED);
  frame.set_signal(9);
  ExpectRefused(frame, kStarted, "impossible signal");
}

TEST(ProcessEndTest, ImpossibleTimeIsRefused) {
  Ended frame = Frame(Ended::CAUSE_EXITED);
  frame.set_wall_time_us(std::numeric_limits<std::uint64_t>::max());

  ExpectRefused(frame, kStarted, "impossible time");
}

TEST(ProcessEndTest, EndWithoutStartIsRefused) {
  ExpectRefused(Frame(Ended::CAUSE_EXITED), kNeverStarted, "contradict");
}

TEST(ProcessEndTest, NotStartedAfterStartIsRefused) {
  Ended frame = Frame(Ended::CAUSE_NOT_STARTED);
  frame.set_reason("START_FAILED");

  ExpectRefused(frame, kStarted, "contradict");
}

TEST(ProcessEndTest, KilledWithoutAKillIsRefused) {
  ExpectRefused(Frame(Ended::CAUSE_KILLED), kStarted, "not asked");
}

TEST(ProcessEndTest, UnknownReasonIsRefused) {
  Ended frame = Frame(Ended::CAUSE_NOT_STARTED);
  frame.set_reason("BECAUSE");

  ExpectRefused(frame, kNeverStarted, "unknown reason");
}

TEST(ProcessEndTest, MessageIsPlainAndBounded) {
  Ended frame = Frame(Ended::CAUSE_NOT_STARTED);
  frame.set_reason("BAD_FILE");
  frame.set_message("a\x1b[2J\xe2\x80\xae" + std::string(5000, 'z'));

  const absl::StatusOr<ProcessEnd> end =
      ProcessEndFromFrame(frame, kNeverStarted);

  ASSERT_THAT(end, IsOk());
  EXPECT_THAT(end->message, testing::StartsWith("a\\x1b[2J\\xe2\\x80\\xaezz"));
  EXPECT_LT(end->message.size(), 4100U);
}

}  // namespace
}  // namespace airlock::executor
