// The program beside a fake of what it calls.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/integration/cli/child_process.h"
#include "tests/integration/cli/fake_airlock.h"

namespace airlock {

// Runs the program with an environment that leads to `airlock_` and nowhere
// else.
class CliTest : public testing::Test {
 protected:
  std::vector<std::string> Argv(const std::vector<std::string>& arguments) {
    std::vector<std::string> argv = {AIRLOCK_PROGRAM};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
  }

  std::map<std::string, std::string> Environment() {
    return {{"AIRLOCK_ENDPOINT", airlock_.endpoint()},
            {"AIRLOCK_TOKEN", "alk_test"},
            {"AIRLOCK_STATE", "/nonexistent"}};
  }

  ChildResult Airlock(const std::vector<std::string>& arguments,
                      const std::string& input = "") {
    return ChildProcess(Argv(arguments), Environment(), input).Wait();
  }

  FakeAirlock airlock_;
};

}  // namespace airlock
