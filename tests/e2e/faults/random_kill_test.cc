// Executors that are killed at whatever moment it hits.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "absl/time/clock.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/e2e/faults/ledger.h"

namespace airlock {
namespace {

constexpr int kRounds = 20;
constexpr int kClients = 3;
constexpr absl::Duration kLongestLife = absl::Milliseconds(1500);

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
  Ledger ledger(cluster_);
  for (const std::vector<Seen>& of_client : seen) {
    executions += of_client.size();
    for (const Seen& one : of_client) ledger.Check(one);
  }
  ledger.Print();
  EXPECT_GT(executions, std::size_t{kRounds} / 4);
  EXPECT_GT(ledger.count("ENDED_BY_EXITED"), 0);
  // What was killed left containers behind; the next boots removed them.
  EXPECT_TRUE(cluster_.WaitNoContainers("ex1"));
  EXPECT_TRUE(cluster_.WaitNoContainers("ex2"));
}

}  // namespace
}  // namespace airlock
