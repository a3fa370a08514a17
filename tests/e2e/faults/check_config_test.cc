// `--check-config` of each program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/faults/cluster.h"

namespace airlock {
namespace {

using testing::HasSubstr;

struct Checked {
  int exit_code = -1;
  std::string output;
};

class CheckConfigTest : public testing::TestWithParam<const char*> {
 protected:
  Checked Check(const std::string& path) {
    ChildProcess program({GetParam(), "--config", path, "--check-config"});
    Checked checked;
    checked.exit_code = program.WaitExit(kPatience).value_or(-1);
    checked.output = program.whole_output();
    return checked;
  }

  Cluster cluster_;
};

TEST_P(CheckConfigTest, GoodFileIsGood) {
  const Checked checked = Check(cluster_.WriteConfig("good"));

  EXPECT_EQ(checked.exit_code, 0) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("no problems"));
}

TEST_P(CheckConfigTest, EveryProblemIsNamedWithItsKey) {
  auto& config = cluster_.config();
  config["sandbox"]["memoryLimit"] = "512x";
  config["sandbox"]["timeout"] = -5;
  config["autonomy"]["level"] = "reckless";
  config["approvalGating"]["rules"] = {
      {{"action", "file_raed"}, {"approval", "auto"}}};
  config["unknown"] = 1;
  config["gateway"]["listen"] = "nowhere";
  config["policy"]["maxQueued"] = -1;
  config["executor"]["maxRunning"] = "many";
  const Checked checked = Check(cluster_.WriteConfig("bad"));

  EXPECT_EQ(checked.exit_code, 1) << checked.output;
  // Each program reads the whole file, and checks the sections it uses.
  EXPECT_THAT(checked.output, HasSubstr("unknown"));
  EXPECT_THAT(checked.output, HasSubstr("executor.maxRunning"));
  const std::string program = GetParam();
  if (program == AIRLOCK_GATEWAY_PATH) {
    EXPECT_THAT(checked.output, HasSubstr("gateway.listen"));
  } else if (program == AIRLOCK_POLICY_PATH) {
    for (const char* key :
         {"sandbox.memoryLimit", "sandbox.timeout", "autonomy.level",
          "approvalGating.rules[0].action", "policy.maxQueued"}) {
      EXPECT_THAT(checked.output, HasSubstr(key));
    }
  }
}

TEST_P(CheckConfigTest, FileThatIsNotThereIsAProblem) {
  const Checked checked = Check("/nowhere/airlock.json");

  EXPECT_EQ(checked.exit_code, 1) << checked.output;
  EXPECT_THAT(checked.output, HasSubstr("/nowhere/airlock.json"));
}

TEST_P(CheckConfigTest, BadFileStartsNothing) {
  cluster_.config()["unknown"] = 1;
  ChildProcess program({GetParam(), "--config", cluster_.WriteConfig("bad")});

  EXPECT_EQ(program.WaitExit(kPatience), 1);
  EXPECT_THAT(program.whole_output(), HasSubstr("\"key\":\"unknown\""));
}

// "gateway" of "/path/airlock-gateway".
std::string ProgramName(const testing::TestParamInfo<const char*>& program) {
  const std::string path = program.param;
  return path.substr(path.rfind('-') + 1);
}

INSTANTIATE_TEST_SUITE_P(Programs, CheckConfigTest,
                         testing::Values(AIRLOCK_GATEWAY_PATH,
                                         AIRLOCK_POLICY_PATH,
                                         AIRLOCK_EXECUTOR_PATH),
                         ProgramName);

}  // namespace
}  // namespace airlock
