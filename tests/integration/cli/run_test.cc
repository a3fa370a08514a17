#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"

namespace airlock {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using RunTest = CliTest;

TEST_F(RunTest, OutputsAndExitCodePass) {
  const ChildResult result = Airlock({"run", "--", "exit", "7"});

  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.out, "out");
  EXPECT_EQ(result.err, "err");
}

TEST_F(RunTest, TokenGoesAlongAndEveryRequestHasAnId) {
  Airlock({"run", "--", "exit", "0"});

  EXPECT_THAT(airlock_.authorizations(), Contains("Bearer alk_test"));
  ASSERT_THAT(airlock_.requests(), SizeIs(1));
  EXPECT_THAT(airlock_.requests()[0].request_id(), SizeIs(36));
}

TEST_F(RunTest, StandardInputPasses) {
  const std::string input("a\0b\xff\n", 5);

  EXPECT_EQ(Airlock({"run", "--", "cat"}, input).out, input);
  EXPECT_EQ(Airlock({"run", "--stdin", "no", "--", "cat"}, input).out, "");
}

TEST_F(RunTest, TooMuchInputIsAnError) {
  const ChildResult result =
      Airlock({"run", "--", "cat"}, std::string((8 << 20) + 1, 'x'));

  EXPECT_EQ(result.code, 125);
  EXPECT_THAT(result.err, HasSubstr("8388608"));
}

TEST_F(RunTest, BrokenStreamIsAttachedAgainWhereItWas) {
  const ChildResult result = Airlock({"run", "--", "break"});

  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.out, "abcdef");
  EXPECT_THAT(airlock_.requests(), SizeIs(1));
  ASSERT_THAT(airlock_.watches(), SizeIs(1));
  EXPECT_EQ(airlock_.watches()[0].id(), "ex1");
  EXPECT_EQ(airlock_.watches()[0].stdout_offset(), 3U);
}

TEST_F(RunTest, RequestThatDidNotArriveIsRepeatedWithItsId) {
  const ChildResult result = Airlock({"run", "--", "flaky"});

  EXPECT_EQ(result.code, 0);
  const auto requests = airlock_.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_EQ(requests[0].request_id(), requests[1].request_id());
}

TEST_F(RunTest, ExecutionThatVanishedIsNeverRunAgain) {
  const ChildResult result = Airlock({"run", "--", "vanish"});

  EXPECT_EQ(result.code, 125);
  EXPECT_THAT(airlock_.requests(), SizeIs(1));
}

TEST_F(RunTest, InterruptCancelsAndWaitsForTheEnd) {
  ChildProcess child(Argv({"run", "--", "hang"}), Environment());
  child.ReadUntil("begun\n");

  child.Signal(SIGINT);

  const ChildResult result = child.Wait();
  EXPECT_EQ(result.code, 130);
  EXPECT_THAT(result.err, HasSubstr("cancel"));
}

TEST_F(RunTest, DenialSaysWhyAndCannotMoveTheCursor) {
  const ChildResult result = Airlock({"run", "--", "deny"});

  EXPECT_EQ(result.code, 77);
  EXPECT_THAT(result.err, HasSubstr("autonomy.blockedActions"));
  EXPECT_THAT(result.err, HasSubstr("\\u{001B}[2J"));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b")));
}

TEST_F(RunTest, RefusalNamesEveryField) {
  const ChildResult text = Airlock({"run", "--", "invalid"});
  EXPECT_EQ(text.code, 125);
  EXPECT_THAT(text.err, HasSubstr("INVALID_FIELD"));
  EXPECT_THAT(text.err, HasSubstr("\n  timeout must be shorter\n"));

  const ChildResult json = Airlock({"run", "-o", "json", "--", "invalid"});
  EXPECT_EQ(json.code, 125);
  const auto error = nlohmann::json::parse(json.err);
  EXPECT_EQ(error["code"], 3);
  EXPECT_THAT(error["details"], SizeIs(2));
}

TEST_F(RunTest, NobodyThereIsAnError) {
  auto environment = Environment();
  environment["AIRLOCK_ENDPOINT"] = "127.0.0.1:1";

  const ChildResult result =
      ChildProcess(Argv({"run", "--", "exit", "0"}), environment).Wait();

  EXPECT_EQ(result.code, 125);
  EXPECT_THAT(result.err, HasSubstr("CANNOT_CONNECT"));
}

TEST_F(RunTest, JsonEventsComeOneALine) {
  const ChildResult result = Airlock({"run", "-o", "json", "--", "break"});

  std::vector<nlohmann::json> events;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) {
    events.push_back(nlohmann::json::parse(line));
  }
  EXPECT_EQ(result.code, 5);
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_TRUE(events[0].contains("accepted"));
  EXPECT_EQ(events[1]["output"]["data"], "YWJj");
  EXPECT_EQ(events[2]["output"]["data"], "ZGVm");
  EXPECT_EQ(events[2]["output"]["offset"], "3");
  EXPECT_EQ(events[3]["completed"]["outcome"]["exitCode"], 5);
}

TEST_F(RunTest, ListFollowsPagesAndEscapesWhatItShows) {
  const ChildResult table = Airlock({"executions", "ls"});
  EXPECT_EQ(table.code, 0);
  EXPECT_THAT(table.out, HasSubstr("ex0\\u{202E}"));
  EXPECT_THAT(table.out, HasSubstr("ex2"));

  const ChildResult json = Airlock({"executions", "ls", "-o", "json"});
  EXPECT_THAT(nlohmann::json::parse(json.out)["executions"], SizeIs(3));
  EXPECT_THAT(json.out, Not(HasSubstr("\u202E")));
}

TEST_F(RunTest, WatchExitsAsTheExecutionDid) {
  const ChildResult result = Airlock({"executions", "watch", "ex1"});

  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.out, "abcdef");
  EXPECT_EQ(Airlock({"executions", "watch", "other"}).code, 125);
}

TEST_F(RunTest, WrongUsageOfRunIsNotTakenForTheCommandsCode) {
  EXPECT_EQ(Airlock({"run"}).code, 125);
  EXPECT_EQ(Airlock({"run", "echo"}).code, 125);
  EXPECT_EQ(Airlock({"run", "--timeout", "soon", "--", "exit", "0"}).code, 125);
  EXPECT_EQ(Airlock({"executions", "ls", "--limit", "many"}).code, 2);
}

}  // namespace
}  // namespace airlock
