#include "common/rpc/callback_waker.h"

#include <gmock/gmock.h>
#include <sys/syscall.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/rpc/rpc_fixture.h"

namespace airlock {
namespace {

// Of two threads that began together: the seconds in which they would sleep.
constexpr int kSamples = 700;
constexpr absl::Duration kBetween = absl::Milliseconds(5);

std::string FirstWord(const std::filesystem::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

// The directories of gRPC's callback threads in /proc.
std::vector<std::filesystem::path> CallbackThreads() {
  std::vector<std::filesystem::path> threads;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    if (FirstWord(task.path() / "comm") == "nexting_thread") {
      threads.push_back(task.path());
    }
  }
  return threads;
}

bool Sleeps(const std::filesystem::path& thread) {
  return FirstWord(thread / "syscall") == std::to_string(SYS_clock_nanosleep);
}

class CallbackWakerTest : public RpcTest {
 protected:
  CallbackWakerTest() { Start(); }
};

TEST_F(CallbackWakerTest, SomeThreadAlwaysLooksForWork) {
  // A first call begins the threads.
  EXPECT_THAT(Get(ChannelAs(airlock::v1::PEER_ROLE_GATEWAY)), IsOk());
  int all_slept = 0;
  int looked = 0;
  for (int i = 0; i < kSamples; ++i) {
    const std::vector<std::filesystem::path> threads = CallbackThreads();
    if (!threads.empty()) ++looked;
    if (!threads.empty() && std::ranges::all_of(threads, Sleeps)) ++all_slept;
    absl::SleepFor(kBetween);
  }

  EXPECT_EQ(all_slept, 0) << "of " << looked;
  EXPECT_GT(looked, kSamples / 2);
}

TEST_F(CallbackWakerTest, ProcessHasOne) {
  EXPECT_EQ(CallbackWaker::OfProcess(), CallbackWaker::OfProcess());
}

}  // namespace
}  // namespace airlock
