#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "nlohmann/json.hpp"
#include "tests/integration/cli/cli_test.h"

namespace airlock {
namespace {

using airlock::v1::Session;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SessionsTest : public CliTest {
 protected:
  void Put(const std::string& name, Session::State state,
           const std::string& reason = "", bool parallel = false) {
    Session session;
    session.set_name(name);
    session.set_state(state);
    session.set_state_reason(reason);
    session.set_parallel(parallel);
    airlock_.sessions().Put(session);
  }
};

TEST_F(SessionsTest, CreateSaysWhatItMadeAndPassesLimits) {
  const ChildResult result =
      Airlock({"sessions", "create", "build", "--parallel", "--memory", "64m",
               "--pids", "20"});

  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("build"));
  EXPECT_THAT(result.out, HasSubstr("side by side"));
  ASSERT_THAT(airlock_.sessions().creates(), SizeIs(1));
  const auto request = airlock_.sessions().creates()[0];
  EXPECT_TRUE(request.parallel());
  EXPECT_EQ(request.limits().memory_bytes(), 64U << 20U);
  EXPECT_EQ(request.limits().pids(), 20U);
}

TEST_F(SessionsTest, CreateWithoutLimitsNarrowsNone) {
  Airlock({"sessions", "create", "build"});

  ASSERT_THAT(airlock_.sessions().creates(), SizeIs(1));
  EXPECT_FALSE(airlock_.sessions().creates()[0].has_limits());
}

TEST_F(SessionsTest, CreateOfOneThatIsOpenFails) {
  Put("build", Session::STATE_OPEN);

  const ChildResult result = Airlock({"sessions", "create", "build"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("SESSION_EXISTS"));
}

TEST_F(SessionsTest, CreateIsNeverAskedForTwice) {
  const ChildResult result = Airlock({"sessions", "create", "unheard"});

  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(airlock_.sessions().creates(), SizeIs(1));
}

TEST_F(SessionsTest, ListFollowsPagesAndSaysWhy) {
  Put("a\u202E", Session::STATE_OPEN);
  Put("b", Session::STATE_LOST, "EXECUTOR_LOST");

  const ChildResult table = Airlock({"sessions", "ls", "--ended"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("a\\u{202E}"));
  EXPECT_THAT(table.out, HasSubstr("EXECUTOR_LOST"));
  EXPECT_TRUE(airlock_.sessions().lists()[0].include_ended());

  const ChildResult json = Airlock({"sessions", "ls", "-o", "json"});
  EXPECT_THAT(nlohmann::json::parse(json.out)["sessions"], SizeIs(2));
  EXPECT_FALSE(airlock_.sessions().lists().back().include_ended());
}

TEST_F(SessionsTest, ShowAndCloseNameTheAgentThatIsGiven) {
  Put("build", Session::STATE_OPEN);

  const ChildResult shown =
      Airlock({"sessions", "show", "build", "--agent", "bot", "-o", "json"});
  EXPECT_EQ(nlohmann::json::parse(shown.out)["state"], "STATE_OPEN");
  EXPECT_EQ(airlock_.sessions().gets()[0].agent(), "bot");

  const ChildResult closed = Airlock({"sessions", "close", "build"});
  EXPECT_EQ(closed.out, "build: closed\n");
  EXPECT_EQ(Airlock({"sessions", "close", "none"}).code, 1);
}

TEST_F(SessionsTest, RunNamesItsSession) {
  EXPECT_EQ(Airlock({"run", "--session", "build", "--", "exit", "3"}).code, 3);

  ASSERT_THAT(airlock_.requests(), SizeIs(1));
  EXPECT_EQ(airlock_.requests()[0].session(), "build");
  EXPECT_THAT(airlock_.sessions().creates(), IsEmpty());
}

TEST_F(SessionsTest, ParallelRunMakesTheSessionThatIsMissing) {
  Put("old", Session::STATE_CLOSED);

  for (const char* name : {"new", "old", "new"}) {
    EXPECT_EQ(
        Airlock({"run", "--session", name, "--parallel", "--", "exit", "0"})
            .code,
        0);
  }

  ASSERT_THAT(airlock_.sessions().creates(), SizeIs(2));
  EXPECT_TRUE(airlock_.sessions().sessions()["new"].parallel());
  EXPECT_TRUE(airlock_.sessions().sessions()["old"].parallel());
  EXPECT_THAT(airlock_.requests(), SizeIs(3));
}

TEST_F(SessionsTest, ParallelRunNeverReplacesOneThatWasLost) {
  Put("lost", Session::STATE_LOST, "EXECUTOR_LOST");
  Put("old", Session::STATE_EXPIRED);

  for (const char* name : {"lost", "old"}) {
    Airlock({"run", "--session", name, "--parallel", "--", "exit", "0"});
  }

  EXPECT_THAT(airlock_.sessions().creates(), IsEmpty());
  EXPECT_THAT(airlock_.requests(), SizeIs(2));
}

TEST_F(SessionsTest, ParallelRunRefusesASessionThatIsNot) {
  Put("build", Session::STATE_OPEN);

  const ChildResult result =
      Airlock({"run", "--session", "build", "--parallel", "--", "exit", "0"});

  EXPECT_EQ(result.code, 125);
  EXPECT_THAT(result.err, HasSubstr("SESSION_NOT_PARALLEL"));
  EXPECT_THAT(airlock_.requests(), IsEmpty());
}

TEST_F(SessionsTest, WrongUsageRunsNothing) {
  EXPECT_EQ(Airlock({"run", "--parallel", "--", "exit", "0"}).code, 125);
  EXPECT_EQ(Airlock({"run", "--session", "", "--", "exit", "0"}).code, 125);
  const ChildResult limited =
      Airlock({"run", "--session", "a", "--memory", "64m", "--", "exit", "0"});
  EXPECT_EQ(limited.code, 125);
  EXPECT_THAT(limited.err, HasSubstr("sessions create"));
  EXPECT_THAT(airlock_.requests(), IsEmpty());
}

}  // namespace
}  // namespace airlock
