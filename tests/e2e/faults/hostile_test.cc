// Processes that take all they can get: it ends at their limits, and the next
// one finds everything as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/time/proto_time.h"
#include "tests/e2e/faults/cluster.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;
using testing::AnyOf;
using testing::Contains;

constexpr std::size_t kFlood = 1'000'000'000;
constexpr std::size_t kMostGrowth = std::size_t{32} << 20U;

class HostileTest : public ClusterTest {
 protected:
  // Whatever it was, nothing of it is left and the next one runs.
  void TearDown() override {
    if (IsSkipped() || HasFatalFailure()) return;
    EXPECT_EQ(cluster_.Execute(Shell("echo next")).stdout_data, "next\n");
    EXPECT_TRUE(cluster_.WaitNoContainers());
  }
  std::map<std::string, std::size_t> Memory() {
    return {{"gateway", cluster_.gateway().resident_bytes()},
            {"policy", cluster_.policy().resident_bytes()},
            {"executor", cluster_.executor().resident_bytes()}};
  }
  Transcript ExecuteFor(absl::Duration timeout, const std::string& line) {
    auto request = MarkedShell(line);
    *request.mutable_timeout() = ToProto(timeout);
    return cluster_.Execute(request);
  }
};

void ExpectHit(const Transcript& told, airlock::v1::LimitHit limit) {
  EXPECT_THAT(told.completed.outcome().limits_hit(), Contains(limit))
      << told.completed.outcome().DebugString() << told.stderr_data;
}

TEST_F(HostileTest, FloodBelowItsLimitPassesInConstantMemory) {
  cluster_.config()["sandbox"]["outputLimit"] = "1g";
  cluster_.StartAll();
  ASSERT_EQ(cluster_.Execute(Shell("echo warm")).stdout_data, "warm\n");
  const auto before = Memory();

  const auto stub = cluster_.Client();
  const auto context = Cluster::As("ada", 3 * kPatience);
  const auto reader = stub->Execute(
      context.get(), Shell(absl::StrCat("head -c ", kFlood, " /dev/zero")));
  std::size_t came = 0;
  std::size_t looked_at = 0;
  std::map<std::string, std::size_t> most;
  Execution completed;
  airlock::v1::ExecuteResponse response;
  while (reader->Read(&response)) {
    came += response.event().output().data().size();
    if (response.event().has_completed()) {
      completed = response.event().completed();
    }
    if (came < looked_at + 10'000'000) continue;
    looked_at = came;
    for (const auto& [name, bytes] : Memory()) {
      most[name] = std::max(most[name], bytes);
    }
  }

  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(completed.outcome().exit_code(), 0)
      << completed.outcome().DebugString();
  EXPECT_EQ(came, kFlood);
  for (const auto& [name, bytes] : most) {
    EXPECT_LT(bytes, before.at(name) + kMostGrowth) << name;
  }
}

TEST_F(HostileTest, FloodBeyondItsLimitIsEnded) {
  cluster_.config()["sandbox"]["outputLimit"] = "4m";
  cluster_.StartAll();
  const Transcript told = ExecuteFor(absl::Seconds(60), "cat /dev/zero");

  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_OUTPUT_LIMIT);
  EXPECT_EQ(told.stdout_data.size() + told.skipped_bytes,
            std::size_t{4} << 20U);
}

TEST_F(HostileTest, ForkBombStaysWithinItsPids) {
  cluster_.StartAll();
  const Transcript told =
      ExecuteFor(absl::Seconds(3), "f() { f | f & }; f; sleep 100");

  EXPECT_THAT(
      told.completed.outcome().ended_by(),
      AnyOf(Outcome::ENDED_BY_TIMED_OUT, Outcome::ENDED_BY_EXITED,
            Outcome::ENDED_BY_OUTPUT_LIMIT, Outcome::ENDED_BY_OUT_OF_MEMORY));
  ExpectHit(told, airlock::v1::LIMIT_HIT_PIDS);
}

TEST_F(HostileTest, MemoryHogIsToldAsThat) {
  cluster_.StartAll();
  const Transcript told = ExecuteFor(
      absl::Seconds(60), "exec python3 -c 'print(len(bytearray(1 << 30)))'");

  EXPECT_EQ(told.completed.outcome().ended_by(),
            Outcome::ENDED_BY_OUT_OF_MEMORY)
      << told.completed.outcome().DebugString();
  EXPECT_EQ(told.stdout_data, "");
  ExpectHit(told, airlock::v1::LIMIT_HIT_MEMORY);
}

TEST_F(HostileTest, FullDiskFailsItsWritesAndIsTold) {
  cluster_.StartAll();
  const Transcript told =
      ExecuteFor(absl::Seconds(60), "cat /dev/zero > /workspace/all");

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_NE(told.completed.outcome().exit_code(), 0);
  ExpectHit(told, airlock::v1::LIMIT_HIT_DISK);
}

TEST_F(HostileTest, UsedUpInodesFailItsWritesAndAreTold) {
  cluster_.config()["sandbox"]["inodeLimit"] = 1000;
  cluster_.StartAll();
  const Transcript told = ExecuteFor(
      absl::Seconds(60), "i=0; while : > $i; do i=$((i + 1)); done; exit 9");

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_NE(told.completed.outcome().exit_code(), 0);
  ExpectHit(told, airlock::v1::LIMIT_HIT_DISK);
}

TEST_F(HostileTest, ThatStopsEverythingIsKilledInTime) {
  cluster_.StartAll();
  const Transcript told = ExecuteFor(
      absl::Seconds(2), "sleep 100 & setsid sleep 100 & kill -STOP -1 $$");

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_TIMED_OUT);
  EXPECT_LT(FromProto(told.completed.end_time()) -
                FromProto(told.completed.start_time()),
            absl::Seconds(8));
}

TEST_F(HostileTest, ThatClosesItsOutputsLivesUntilItExits) {
  cluster_.StartAll();
  const Transcript told =
      ExecuteFor(absl::Seconds(60), "exec >&- 2>&-; sleep 1; exit 7");

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.completed.outcome().exit_code(), 7);
  EXPECT_GE(FromProto(told.completed.outcome().usage().wall_time()),
            absl::Seconds(1));
}

TEST_F(HostileTest, StdinThatIsNeverReadHoldsNothingUp) {
  cluster_.StartAll();
  auto request = MarkedShell("sleep 0.2; echo done");
  request.mutable_action()
      ->mutable_system_command()
      ->mutable_input()
      ->set_stdin(std::string(std::size_t{8} << 20U, 'x'));
  const Transcript told = cluster_.Execute(request);

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(told.stdout_data, "done\n");
}

}  // namespace
}  // namespace airlock
