// Thousands of executions while executors, sandboxes and gateways are taken
// away at random.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/e2e/faults/docker_cli.h"
#include "tests/e2e/faults/ledger.h"

namespace airlock {
namespace {

constexpr int kExecutions = 2000;
constexpr int kClients = 8;
constexpr int kMostTries = 1000;
constexpr absl::Duration kTryAgain = absl::Milliseconds(50);
constexpr absl::Duration kLongestPeace = absl::Milliseconds(4000);
// What a service may hold beyond what it held after its first work: threads
// and connections of libraries, but nothing for each execution.
constexpr std::ptrdiff_t kMoreDescriptors = 16;

const std::vector<std::string>& Executors() {
  static const auto* const names =
      new std::vector<std::string>{"ex1", "ex2", "ex3"};
  return *names;
}

std::ptrdiff_t OpenDescriptors(const ChildProcess& process) {
  const std::filesystem::directory_iterator all(
      absl::StrCat("/proc/", process.pid(), "/fd"));
  return std::distance(begin(all), end(all));
}

// Runners of any sandbox on this machine.
int CountRunners() {
  int count = 0;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::string name;
    std::ifstream(process.path() / "comm") >> name;
    if (name == "airlock-runner") ++count;
  }
  return count;
}

// Asks for one execution after another: in sandboxes of their own or, if it
// has a session, in that; lost ones it gives up and opens anew.
class StressClient {
 public:
  StressClient(const Cluster& cluster, std::string session)
      : cluster_(cluster), session_(std::move(session)) {}

  void Run(std::atomic<int>& left) {
    while (left.fetch_sub(1) > 0) RunOne();
  }

  const std::vector<Seen>& seen() const { return seen_; }
  // Requests of which no execution came: they must not have run.
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  void RunOne() {
    auto request = MarkedShell("sleep 0.02");
    request.set_session(session_);
    Transcript told = Persist(request);
    if (told.status.ok()) {
      seen_.push_back({request.request_id(), std::move(told)});
      return;
    }
    EXPECT_EQ(ErrorReason(told.status), "SESSION_LOST") << told.status;
    refused_.push_back(request.request_id());
    CloseSession();
  }
  // Asks again, as the same request, while there is nobody to ask.
  Transcript Persist(const airlock::v1::ExecuteRequest& request) {
    Transcript told;
    for (int i = 0; i < kMostTries; ++i) {
      told = cluster_.Execute(request);
      if (!absl::IsUnavailable(told.status)) break;
      absl::SleepFor(kTryAgain);
    }
    return told;
  }
  void CloseSession() {
    airlock::v1::CloseSessionRequest request;
    request.set_name(session_);
    airlock::v1::CloseSessionResponse response;
    for (int i = 0; i < kMostTries; ++i) {
      const grpc::Status status = cluster_.Sessions()->CloseSession(
          Cluster::As("ada").get(), request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return;
      absl::SleepFor(kTryAgain);
    }
  }

  const Cluster& cluster_;
  const std::string session_;
  std::vector<Seen> seen_;
  std::vector<std::string> refused_;
};

class StressTest : public ClusterTest {
 protected:
  StressTest() {
    cluster_.config()["sandbox"]["warmPool"] = {{"size", 2}};
    cluster_.config()["executor"]["maxRunning"] = 4;
    for (int i = 0; i < kClients; ++i) {
      const bool in_session = i % 2 == 1;
      clients_.push_back(std::make_unique<StressClient>(
          cluster_, in_session ? absl::StrCat("stress-", i) : ""));
    }
  }

  void StartEverything() {
    cluster_.StartAll();
    for (const std::string& name : Executors()) {
      if (name == "ex1") continue;
      cluster_.StartExecutor(name);
      cluster_.WaitExecutorReady(name);
    }
  }
  // Takes something away and, if it is a service, brings it back.
  void Disturb() {
    const std::string& name = Executors()[Random(0, 2)];
    switch (Random(0, 3)) {
      case 0:
        cluster_.gateway().Kill();
        cluster_.StartGateway();
        return;
      case 1: {
        const std::vector<std::string> all = cluster_.Containers(name);
        if (!all.empty()) {
          Docker(absl::StrCat("rm -f ", all[Random(0, all.size() - 1)]));
        }
        return;
      }
      default:
        cluster_.executor(name).Kill();
        cluster_.StartExecutor(name);
    }
  }
  std::size_t Random(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(least, most)(random_);
  }

  std::mt19937 random_{std::random_device{}()};
  std::vector<std::unique_ptr<StressClient>> clients_;
};

TEST_F(StressTest, EachRunsAtMostOnceAndNothingIsLeftBehind) {
  const int runners = CountRunners();
  StartEverything();
  ASSERT_EQ(cluster_.Execute(Shell("echo warm")).stdout_data, "warm\n");
  const std::ptrdiff_t descriptors = OpenDescriptors(cluster_.policy());
  const std::size_t volumes = Docker("volume ls -q").size();

  std::atomic<int> left = kExecutions;
  std::atomic<int> at_work = kClients;
  std::vector<std::thread> threads;
  threads.reserve(kClients);
  for (const auto& client : clients_) {
    threads.emplace_back([&left, &at_work, &client] {
      client->Run(left);
      --at_work;
    });
  }
  int disturbances = 0;
  while (at_work > 0) {
    absl::SleepFor(absl::Milliseconds(
        Random(0, absl::ToInt64Milliseconds(kLongestPeace))));
    Disturb();
    ++disturbances;
  }
  for (std::thread& thread : threads) thread.join();

  Ledger ledger(cluster_);
  std::size_t refused = 0;
  for (const auto& client : clients_) {
    for (const Seen& seen : client->seen()) ledger.Check(seen);
    for (const std::string& mark : client->refused()) {
      EXPECT_EQ(cluster_.CountRuns(mark), 0) << mark;
    }
    refused += client->refused().size();
  }
  ledger.Print();
  std::cout << "refused: " << refused << "\ndisturbances: " << disturbances
            << "\n";
  EXPECT_GT(ledger.count("ENDED_BY_EXITED"), kExecutions / 2);
  EXPECT_LE(OpenDescriptors(cluster_.policy()), descriptors + kMoreDescriptors);
  for (const std::string& name : Executors()) {
    cluster_.executor(name).Signal(SIGTERM);
    EXPECT_EQ(cluster_.executor(name).WaitExit(kPatience), 0) << name;
    EXPECT_TRUE(cluster_.WaitNoContainers(name)) << name;
  }
  EXPECT_EQ(CountRunners(), runners);
  EXPECT_EQ(Docker("volume ls -q").size(), volumes);
}

}  // namespace
}  // namespace airlock
