// What an executor makes before anybody asks is what the policy then freezes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Outcome;

// Runs a command of `principal` while no sandbox can be made.
void ExpectWarm(Stack& stack, const std::string& principal) {
  FakeSandboxBackend& backend = stack.backend("ex1");
  backend.HoldCreates(true);

  const Transcript told = stack.Execute(principal, Command({"echo", "hi"}));

  backend.HoldCreates(false);
  EXPECT_THAT(told.status, IsOk());
  EXPECT_EQ(told.stdout_data, "hi\n");
  EXPECT_EQ(told.completed.outcome().ended_by(), Outcome::ENDED_BY_EXITED);
}

TEST(WarmPoolIntegrationTest, OneOffOfTheDefaultsIsGivenASandboxThatWaits) {
  Stack stack;
  stack.StartExecutor("ex1", 2, /*keeps_warm=*/true);
  stack.WaitReady();

  ExpectWarm(stack, "ada");
}

TEST(WarmPoolIntegrationTest, EverySettingIsTheSameOnBothSides) {
  Stack stack(R"("autonomy":{"level":"full"},"sandbox":{
      "image":"airlock/other:7","memoryLimit":"300m","cpuLimit":"0.7",
      "networkMode":"bridge","diskLimit":"33m","pidsLimit":77,
      "inodeLimit":999,"user":"1234:5678","runtime":"runsc",
      "pullPolicy":"never","outputLimit":"1m","timeout":20000,
      "mounts":[{"source":"/data","target":"/data","writable":true},
                {"source":"/more","target":"/more"}]})");
  stack.StartExecutor("ex1", 2, /*keeps_warm=*/true);
  stack.WaitReady();

  ExpectWarm(stack, "ada");
}

TEST(WarmPoolIntegrationTest, AgentWithItsOwnSettingsHasItsOwnSandboxes) {
  Stack stack(R"("autonomy":{"level":"full"},"agents":{
      "bob":{"sandbox":{"memoryLimit":"64m","warmPool":{"size":1}}}})");
  stack.StartExecutor("ex1", 2, /*keeps_warm=*/true);
  stack.WaitReady();

  ExpectWarm(stack, "bob");
  ExpectWarm(stack, "ada");
}

}  // namespace
}  // namespace airlock
