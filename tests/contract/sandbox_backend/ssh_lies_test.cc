// A host that says what no host can say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using testing::AllOf;
using testing::Each;
using testing::SizeIs;

class SshLiesTest : public testing::Test {
 protected:
  std::vector<std::string> Hellos() {
    std::ifstream file(world_.sshd().home() + "/hellos");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  SshWorld world_;
};

TEST_F(SshLiesTest, NothingOfAHostThatLiedIsTakenUpAgain) {
  static const SystemClock clock;
  executor::SshOptions options = world_.Options();
  options.link.runners = {{"x86_64", AIRLOCK_LYING_HOST}};
  executor::SshBackend backend(options, clock);
  ASSERT_THAT(backend.Check(Soon()), IsOk());

  const auto sandbox = backend.Create(HostSpec(), "", Soon(), nullptr);

  EXPECT_FALSE(sandbox.ok());
  const absl::Time deadline = Soon();
  while (Hellos().size() < 2 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(Hellos(), AllOf(SizeIs(2), Each("host=")));
  // The next one is taken as any that is new.
  EXPECT_THAT(backend.Check(Soon()), IsOk());
}

}  // namespace
}  // namespace airlock
