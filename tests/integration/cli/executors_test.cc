// `airlock executors` and `airlock queue`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"
#include "tests/support/temporary_directory.h"

namespace airlock {
namespace {

using airlock::v1::Executor;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class ExecutorsTest : public CliTest {
 protected:
  ExecutorsTest() {
    Executor executor;
    executor.set_id("one");
    executor.set_state(Executor::STATE_READY);
    executor.set_backend("docker");
    executor.set_version("1.2.3\u202E");
    executor.set_slots(8);
    executor.set_running(2);
    executor.set_sessions(1);
    executor.set_max_sandboxes(72);
    executor.set_sandboxes(7);
    executor.set_warm_target(4);
    executor.set_warm_sandboxes(3);
    executor.add_images("airlock/sandbox:latest");
    (*executor.mutable_labels())["zone"] = "a";
    AddCheck(executor, "network", true);
    AddCheck(executor, "memory", false);
    airlock_.executors().Put(executor);
  }

  static void AddCheck(Executor& executor, const std::string& name, bool ok) {
    auto* check = executor.add_checks();
    check->set_name(name);
    check->set_ok(ok);
    check->set_message(ok ? "held" : "8 MiB more than allowed");
  }
};

TEST_F(ExecutorsTest, ListShowsWhatEachHasAndWhichLimitsFail) {
  const ChildResult table = Airlock({"executors", "ls"});

  EXPECT_EQ(table.code, 0) << table.err;
  for (const char* word : {"one", "ready", "docker", "2/8", "7/72", "3/4",
                           "failing: memory", "1.2.3\\u{202E}"}) {
    EXPECT_THAT(table.out, HasSubstr(word));
  }
  const ChildResult json = Airlock({"executors", "ls", "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["executors"][0]["slots"], 8);
}

TEST_F(ExecutorsTest, ShowTellsOfEveryLimit) {
  const ChildResult shown = Airlock({"executors", "show", "one"});

  for (const char* word : {"zone=a", "airlock/sandbox:latest",
                           "8 MiB more than allowed", "network"}) {
    EXPECT_THAT(shown.out, HasSubstr(word));
  }
  const ChildResult none = Airlock({"executors", "show", "none"});
  EXPECT_EQ(none.code, 1);
  EXPECT_THAT(none.err, HasSubstr("EXECUTOR_NOT_FOUND"));
}

TEST_F(ExecutorsTest, WhyOneIsNotReadyIsShown) {
  Executor executor;
  executor.set_id("two");
  executor.set_state(Executor::STATE_NOT_READY);
  executor.set_not_ready_reason("HOST_QUARANTINED");
  executor.set_not_ready_message("new file /tmp/\u202E\\u{0007}");
  airlock_.executors().Put(executor);

  EXPECT_THAT(Airlock({"executors", "ls"}).out,
              HasSubstr("not ready (HOST_QUARANTINED)"));
  const ChildResult shown = Airlock({"executors", "show", "two"});
  EXPECT_THAT(shown.out, HasSubstr("not ready (HOST_QUARANTINED)"));
  EXPECT_THAT(shown.out, HasSubstr("new file /tmp/\\u{202E}\\u{0007}\n"));
  EXPECT_THAT(Airlock({"executors", "show", "one"}).out, Not(HasSubstr("why")));
}

TEST_F(ExecutorsTest, CordonAndUncordonSayHowItStands) {
  EXPECT_EQ(Airlock({"executors", "cordon", "one"}).out, "one: cordoned\n");
  EXPECT_EQ(Airlock({"executors", "uncordon", "one"}).out, "one: ready\n");
  EXPECT_EQ(Airlock({"executors", "cordon", "none"}).code, 1);
}

TEST_F(ExecutorsTest, DrainReturnsAtOnceUnlessItWaits) {
  airlock_.executors().NothingEnds();

  EXPECT_EQ(Airlock({"executors", "drain", "one"}).out, "one: draining\n");
}

TEST_F(ExecutorsTest, DrainWaitsUntilNothingIsLeftAndTellsOnTheWay) {
  const ChildResult drained = Airlock({"executors", "drain", "one", "--wait"});

  EXPECT_EQ(drained.code, 0) << drained.err;
  EXPECT_EQ(drained.out, "one: nothing is left\n");
  EXPECT_THAT(drained.err, HasSubstr("2 executions and 1 sessions"));
  EXPECT_THAT(drained.err, HasSubstr("0 executions and 1 sessions"));
}

TEST_F(ExecutorsTest, DrainGivesUpInTime) {
  airlock_.executors().NothingEnds();

  const ChildResult late =
      Airlock({"executors", "drain", "one", "--wait", "--timeout", "300ms"});

  EXPECT_EQ(late.code, 1);
  EXPECT_THAT(late.err, HasSubstr("NOT_DRAINED"));
}

TEST_F(ExecutorsTest, DrainThatSomebodyEndedIsAnError) {
  airlock_.executors().NothingEnds();
  airlock_.executors().DrainsInto(Executor::STATE_READY);

  const ChildResult result =
      Airlock({"executors", "drain", "one", "--wait", "--timeout", "5s"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("NOT_DRAINING"));
}

TEST_F(ExecutorsTest, OperatorsTokenOfUpIsTheDefaultForOperatorsOnly) {
  TemporaryDirectory state;
  std::ofstream(state / "agent.token") << "alk_agent\n";
  std::ofstream(state / "operator.token") << "alk_operator\n";
  std::ofstream(state / "client.json")
      << nlohmann::json{{"endpoint", airlock_.endpoint()},
                        {"tokenFile", state / "agent.token"},
                        {"operatorTokenFile", state / "operator.token"},
                        {"caFile", ""}};
  const auto call = [&](const std::vector<std::string>& arguments) {
    return ChildProcess(Argv(arguments), {{"AIRLOCK_STATE", state.path()}})
        .Wait()
        .code;
  };

  EXPECT_EQ(call({"executors", "ls"}), 0);
  EXPECT_EQ(airlock_.executors().authorization(), "Bearer alk_operator");
  EXPECT_EQ(call({"queue"}), 0);
  EXPECT_EQ(airlock_.authorizations().back(), "Bearer alk_operator");
  EXPECT_EQ(call({"run", "--", "exit", "0"}), 0);
  EXPECT_EQ(airlock_.authorizations().back(), "Bearer alk_agent");
}

TEST_F(ExecutorsTest, QueueSaysWhyAndUntilWhen) {
  const ChildResult table = Airlock({"queue", "--agent", "bot"});

  EXPECT_EQ(table.code, 0) << table.err;
  for (const char* word : {"ex1", "bot", "session busy", "2026-09-21T14:13:20Z",
                           "\\u{001B}[2J", "and 7 more behind them"}) {
    EXPECT_THAT(table.out, HasSubstr(word));
  }
  const ChildResult json = Airlock({"queue", "-o", "json"});
  EXPECT_THAT(nlohmann::json::parse(json.out)["waiting"], SizeIs(1));
}

}  // namespace
}  // namespace airlock
