// What the program does without any service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/child_process.h"
#include "tests/support/temporary_directory.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class OfflineTest : public testing::Test {
 protected:
  ChildResult Airlock(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), AIRLOCK_PROGRAM);
    return ChildProcess(arguments, {}).Wait();
  }

  std::string WriteConfig(const std::string& text) {
    const std::string path = directory_ / "airlock.json";
    std::ofstream(path) << text;
    return path;
  }

  TemporaryDirectory directory_;
};

TEST_F(OfflineTest, GoodConfigurationIsOk) {
  const std::string path = WriteConfig(R"({"autonomy": {"level": "full"},
                      "gateway": {"listen": "127.0.0.1:7500"}})");

  const ChildResult result = Airlock({"config", "check", path});

  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.out, HasSubstr("ok"));
}

TEST_F(OfflineTest, EveryProblemIsToldWithItsPath) {
  const std::string path = WriteConfig(
      R"({"sandbox": {"memoryLimit": "512x", "timeout": -1},
          "gateway": {"listen": "nowhere"},
          "executor": {"maxRunning": 0}})");

  const ChildResult result = Airlock({"config", "check", path});

  EXPECT_EQ(result.code, 1);
  for (const char* key : {"sandbox.memoryLimit", "sandbox.timeout",
                          "gateway.listen", "executor.maxRunning"}) {
    EXPECT_THAT(result.out, HasSubstr(key));
  }
}

TEST_F(OfflineTest, UnknownAndDuplicateKeysAreErrors) {
  const ChildResult result =
      Airlock({"config", "check", "-o", "json",
               WriteConfig(R"({"sandbox": {"immage": "x"}, "sandbox": {}})")});

  EXPECT_EQ(result.code, 1);
  const auto file = nlohmann::json::parse(result.out)["files"][0];
  EXPECT_EQ(file["ok"], false);
  EXPECT_GE(file["problems"].size(), 2U);
}

TEST_F(OfflineTest, MissingFileIsAnError) {
  EXPECT_EQ(Airlock({"config", "check", directory_ / "none"}).code, 1);
}

TEST_F(OfflineTest, CertificatesAndTokensAreMadeAndShown) {
  const std::string certs = directory_ / "certs";
  const std::string tokens = directory_ / "tokens.json";

  EXPECT_EQ(Airlock({"certs", "init", "--dir", certs}).code, 0);
  EXPECT_EQ(Airlock({"certs", "init", "--dir", certs}).code, 1);
  EXPECT_THAT(Airlock({"certs", "show", "--dir", certs}).out,
              HasSubstr("policy.airlock.internal"));

  const ChildResult made =
      Airlock({"tokens", "create", "--file", tokens, "--id", "demo", "--out",
               directory_ / "token"});
  EXPECT_EQ(made.code, 0);
  EXPECT_THAT(made.out, IsEmpty());
  EXPECT_THAT(Airlock({"tokens", "ls", "--file", tokens}).out,
              HasSubstr("demo"));
  EXPECT_EQ(Airlock({"tokens", "rm", "--file", tokens, "demo"}).code, 0);
  EXPECT_EQ(Airlock({"tokens", "rm", "--file", tokens, "demo"}).code, 1);
}

TEST_F(OfflineTest, HelpIsEverywhereAndWrongUsageIsTwo) {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{},
                                             {"up"},
                                             {"run"},
                                             {"executions"},
                                             {"sessions"},
                                             {"sessions", "create"},
                                             {"sessions", "close"},
                                             {"executions", "watch"},
                                             {"files"},
                                             {"files", "cp"},
                                             {"queue"},
                                             {"executors", "ls"},
                                             {"executors", "drain"},
                                             {"policy", "explain"},
                                             {"config", "check"},
                                             {"certs", "init"},
                                             {"tokens", "create"},
                                             {"version"}}) {
    std::vector<std::string> arguments = command;
    arguments.emplace_back("--help");
    const ChildResult help = Airlock(arguments);
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Usage"));
  }
  EXPECT_EQ(Airlock({}).code, 2);
  EXPECT_EQ(Airlock({"fly"}).code, 2);
  EXPECT_EQ(Airlock({"version", "--loud"}).code, 2);
}

TEST_F(OfflineTest, NoKnownAirlockSaysWhatWouldDo) {
  const ChildResult result =
      Airlock({"executions", "ls", "--state", directory_ / "none"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("airlock up"));
}

TEST_F(OfflineTest, KeysOfGrantsAreRotated) {
  const std::string keys = directory_ / "keys";
  const auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "keys");
    words.push_back(keys);
    return Airlock(words);
  };

  EXPECT_EQ(run({"init"}).code, 0);
  EXPECT_EQ(run({"init"}).code, 1);
  EXPECT_EQ(run({"rotate"}).code, 2);
  EXPECT_EQ(run({"rotate", "--prepare", "--switch"}).code, 2);
  EXPECT_EQ(run({"rotate", "--switch"}).code, 1);
  EXPECT_EQ(run({"rotate", "--prepare"}).code, 0);
  EXPECT_EQ(run({"rotate", "--switch"}).code, 0);
  const auto before =
      nlohmann::json::parse(run({"ls", "-o", "json"}).out)["keys"];
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[0]["use"], "old");
  EXPECT_EQ(before[1]["use"], "signs");
  EXPECT_THAT(run({"retire"}).out, HasSubstr("1 taken out"));
  EXPECT_EQ(nlohmann::json::parse(run({"ls", "-o", "json"}).out)["keys"].size(),
            1U);
}

TEST_F(OfflineTest, AuditorsAreAmongTheRoles) {
  const std::string tokens = directory_ / "tokens.json";

  EXPECT_EQ(Airlock({"tokens", "create", "--file", tokens, "--id", "eye",
                     "--role", "auditor"})
                .code,
            0);
  EXPECT_THAT(Airlock({"tokens", "ls", "--file", tokens}).out,
              HasSubstr("auditor"));
}

TEST_F(OfflineTest, StoreThatIsNotThereIsNotMade) {
  const std::string path = directory_ / "none.db";

  EXPECT_EQ(Airlock({"store", "check", path}).code, 1);
  EXPECT_EQ(Airlock({"store", "backup", path, directory_ / "copy.db"}).code, 1);
  EXPECT_EQ(Airlock({"store", "backup", path}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "copy.db"));
}

TEST_F(OfflineTest, WhatIsNoStoreIsSaid) {
  const std::string path = directory_ / "wrong.db";
  std::ofstream(path) << "not a database, but long enough to be looked at";

  const ChildResult result = Airlock({"store", "check", path});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out + result.err, Not(IsEmpty()));
}

}  // namespace
}  // namespace airlock
