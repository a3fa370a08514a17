#include "services/policy/sessions/session_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using PublicSession = airlock::v1::Session;

class SessionTableTest : public testing::Test {
 protected:
  absl::StatusOr<Session*> Open(const std::string& agent,
                                const std::string& name) {
    NewSession wanted;
    wanted.agent = agent;
    wanted.name = name;
    wanted.settings = {absl::Minutes(15), absl::Hours(24), 3};
    return sessions_.Open(std::move(wanted));
  }
  void End(const std::string& agent, const std::string& name) {
    sessions_.End(*sessions_.FindName(agent, name), PublicSession::STATE_LOST,
                  "TESTED");
  }
  bool Knows(const std::string& agent, const std::string& name) {
    return sessions_.FindName(agent, name) != nullptr;
  }

  FakeClock clock_;
  SessionTable sessions_{
      clock_,
      {.max_open = 4, .max_ended_per_agent = 2, .keep_ended = absl::Hours(1)}};
};

TEST_F(SessionTableTest, OpenOneIsFoundByNameAndById) {
  Session* session = *Open("ada", "work");

  EXPECT_EQ(sessions_.FindName("ada", "work"), session);
  EXPECT_EQ(sessions_.Find(session->id()), session);
  EXPECT_EQ(sessions_.FindName("bob", "work"), nullptr);
  EXPECT_LE(session->id().size(), 40U);
}

TEST_F(SessionTableTest, NameIsTakenWhileItIsOpen) {
  ASSERT_THAT(Open("ada", "work").status(), IsOk());

  const absl::Status again = Open("ada", "work").status();

  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(ErrorReason(again), "SESSION_EXISTS");
}

TEST_F(SessionTableTest, EndedOneMakesRoomForANewOneWithAnotherId) {
  const std::string old = (*Open("ada", "work"))->id();
  End("ada", "work");

  EXPECT_NE((*Open("ada", "work"))->id(), old);
  EXPECT_EQ(sessions_.Find(old), nullptr);
  EXPECT_EQ(sessions_.open(), 1U);
}

TEST_F(SessionTableTest, AgentHasSoManyAtMost) {
  for (const char* name : {"a", "b", "c"})
    ASSERT_THAT(Open("ada", name).status(), IsOk());

  EXPECT_EQ(ErrorReason(Open("ada", "d").status()), "TOO_MANY_SESSIONS");
  End("ada", "a");
  EXPECT_THAT(Open("ada", "d").status(), IsOk());
}

TEST_F(SessionTableTest, AllTogetherHaveSoManyAtMost) {
  for (const char* name : {"a", "b", "c"})
    ASSERT_THAT(Open("ada", name).status(), IsOk());
  ASSERT_THAT(Open("bob", "a").status(), IsOk());

  EXPECT_THAT(Open("bob", "b").status(),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(SessionTableTest, RoomOfAnExecutorIsCountedUntilTheEnd) {
  Session& first = **Open("ada", "a");
  Session& second = **Open("ada", "b");
  sessions_.Bind(first, "ex-1", "boot");
  sessions_.Bind(second, "ex-1", "boot");
  EXPECT_EQ(sessions_.bound_to("ex-1"), 2U);

  sessions_.Unbind(first);
  EXPECT_EQ(sessions_.bound_to("ex-1"), 1U);
  End("ada", "b");

  EXPECT_EQ(sessions_.bound_to("ex-1"), 0U);
  EXPECT_EQ(second.record.executor_id(), "ex-1") << "it is told where it was";
}

TEST_F(SessionTableTest, NewestEndedOnesOfEachAgentAreRemembered) {
  ASSERT_THAT(Open("bob", "a").status(), IsOk());
  End("bob", "a");
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_THAT(Open("ada", name).status(), IsOk());
    End("ada", name);
  }

  EXPECT_FALSE(Knows("ada", "a"));
  EXPECT_TRUE(Knows("ada", "b"));
  EXPECT_TRUE(Knows("ada", "c"));
  EXPECT_TRUE(Knows("bob", "a"));
}

TEST_F(SessionTableTest, OneNameUsedOftenCostsNoOther) {
  ASSERT_THAT(Open("ada", "lost").status(), IsOk());
  End("ada", "lost");
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(Open("ada", "work").status(), IsOk());
    End("ada", "work");
  }

  EXPECT_TRUE(Knows("ada", "lost"));
}

TEST_F(SessionTableTest, EndedOnesAreForgottenAfterATime) {
  ASSERT_THAT(Open("ada", "a").status(), IsOk());
  End("ada", "a");
  clock_.Advance(absl::Minutes(59));
  sessions_.DropOld();
  EXPECT_TRUE(Knows("ada", "a"));

  clock_.Advance(absl::Minutes(2));
  sessions_.DropOld();

  EXPECT_FALSE(Knows("ada", "a"));
}

TEST_F(SessionTableTest, OpenOnesAreNotForgotten) {
  ASSERT_THAT(Open("ada", "a").status(), IsOk());
  clock_.Advance(absl::Hours(100));
  sessions_.DropOld();

  EXPECT_TRUE(Knows("ada", "a"));
}

}  // namespace
}  // namespace airlock::policy
