// Much output for a client that is slow: nothing is lost, and nobody hoards it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/e2e/faults/cluster.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;

constexpr std::size_t kOutput = 100'000'000;
// What comes in the slow second.
constexpr std::size_t kSlowPart = 2'000'000;
constexpr std::size_t kPerSecond = 2'000'000;
constexpr std::size_t kMostGrowth = std::size_t{32} << 20U;

class SlowClientTest : public ClusterTest {
 protected:
  std::map<std::string, std::size_t> Memory() {
    return {{"gateway", cluster_.gateway().resident_bytes()},
            {"policy", cluster_.policy().resident_bytes()},
            {"executor", cluster_.executor().resident_bytes()}};
  }
  void Look() {
    for (const auto& [name, bytes] : Memory()) {
      most_[name] = std::max(most_[name], bytes);
    }
  }

  std::map<std::string, std::size_t> most_;
};

TEST_F(SlowClientTest, GetsAllAndMemoryStaysFlat) {
  cluster_.config()["sandbox"]["outputLimit"] = "200m";
  cluster_.StartAll();
  // Warms up what is made once.
  ASSERT_EQ(cluster_.Execute(Shell("echo warm")).stdout_data, "warm\n");
  const auto before = Memory();
  Call call(cluster_, MarkedShell("yes 0123456789abcde | head -c 100000000"));
  ASSERT_TRUE(call.ReadUntilRunning());

  const absl::Time begin = absl::Now();
  std::size_t looked_at = 0;
  while (call.Read()) {
    const std::size_t got = call.transcript().stdout_data.size();
    if (got >= looked_at + 1'000'000) {
      looked_at = got;
      Look();
    }
    if (got > kSlowPart) continue;
    const absl::Duration due =
        absl::Seconds(static_cast<double>(got) / kPerSecond);
    absl::SleepFor(begin + due - absl::Now());
  }
  const Transcript told = call.Finish();

  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED)
      << told.completed.outcome().DebugString();
  EXPECT_EQ(told.skipped_bytes, 0u);
  ASSERT_EQ(told.stdout_data.size(), kOutput);
  const std::string line = "0123456789abcde\n";
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kOutput; ++i) {
    wrong += told.stdout_data[i] == line[i % line.size()] ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0u);
  for (const auto& [name, bytes] : most_) {
    EXPECT_LT(bytes, before.at(name) + kMostGrowth) << name;
    RecordProperty(absl::StrCat(name, "_grew_by"),
                   static_cast<int>(bytes) - static_cast<int>(before.at(name)));
    std::cout << name << ": " << before.at(name) << " -> " << bytes << "\n";
  }
}

}  // namespace
}  // namespace airlock
