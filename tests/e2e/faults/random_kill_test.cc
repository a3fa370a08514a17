// Executors that are killed at whatever moment it hits.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/e2e/faults/cluster.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;

constexpr int kRounds = 20;
constexpr int kClients = 3;
constexpr absl::Duration kLongestLife = absl::Milliseconds(1500);

// What one client saw of one execution.
struct Seen {
  std::string mark;
  Transcript told;
};

class RandomKillTest : public ClusterTest {
 protected:
  // Executes one after another until told to stop.
  std::vector<Seen> KeepExecuting(const std::atomic<bool>& stop) {
    std::vector<Seen> seen;
    while (!stop) {
      const auto request = MarkedShell("sleep 0.3");
      seen.push_back({request.request_id(), cluster_.Execute(request)});
    }
    return seen;
  }

  // Exactly one final state, told once and kept; and a truthful one.
  void Check(const Seen& seen) {
    SCOPED_TRACE(absl::StrCat(seen.told.id, " ", seen.mark));
    ASSERT_TRUE(seen.told.status.ok()) << seen.told.status;
    const Execution& told = seen.told.completed;
    EXPECT_EQ(told.state(), Execution::STATE_FINISHED);
    const Execution kept = cluster_.Get(seen.told.id);
    EXPECT_EQ(kept.SerializeAsString(), told.SerializeAsString());

    const int runs = cluster_.CountRuns(seen.mark);
    const Outcome::EndedBy ended_by = told.outcome().ended_by();
    ++counts_[Outcome::EndedBy_Name(ended_by)];
    EXPECT_LE(runs, 1);
    if (ended_by == Outcome::ENDED_BY_EXITED) {
      EXPECT_EQ(told.outcome().exit_code(), 0);
      EXPECT_EQ(runs, 1);
    } else if (ended_by == Outcome::ENDED_BY_NOT_STARTED) {
      EXPECT_EQ(runs, 0);
    } else {
      EXPECT_EQ(ended_by, Outcome::ENDED_BY_OUTCOME_UNKNOWN)
          << told.outcome().DebugString();
    }
  }

  std::map<std::string, int> counts_;
};

TEST_F(RandomKillTest, NothingRunsTwiceAndEveryEndIsTrue) {
  cluster_.StartAll();
  cluster_.StartExecutor("ex2");
  std::atomic<bool> stop = false;
  std::vector<std::vector<Seen>> seen(kClients);
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] { seen[i] = KeepExecuting(stop); });
  }

  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> milliseconds(
      0, static_cast<int>(absl::ToInt64Milliseconds(kLongestLife)));
  for (int round = 0; round < kRounds; ++round) {
    const std::string victim = round % 2 == 0 ? "ex1" : "ex2";
    absl::SleepFor(absl::Milliseconds(milliseconds(random)));
    cluster_.executor(victim).Kill();
    cluster_.StartExecutor(victim);
  }
  stop = true;
  for (std::thread& client : clients) client.join();

  std::size_t executions = 0;
  for (const std::vector<Seen>& of_client : seen) {
    executions += of_client.size();
    for (const Seen& one : of_client) Check(one);
  }
  for (const auto& [name, count] : counts_) {
    RecordProperty(name, count);
    std::cout << name << ": " << count << "\n";
  }
  EXPECT_GT(executions, std::size_t{kRounds} / 4);
  EXPECT_GT(counts_["ENDED_BY_EXITED"], 0);
  // What was killed left containers behind; the next boots removed them.
  EXPECT_TRUE(cluster_.WaitNoContainers("ex1"));
  EXPECT_TRUE(cluster_.WaitNoContainers("ex2"));
}

}  // namespace
}  // namespace airlock
