#include "services/policy/dispatch/session_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/session_fixture.h"

namespace airlock::policy {
namespace {

using testing::HasSubstr;

class SessionCallsTest : public SessionFixture {
 protected:
  static Principal Bob() { return {"bob", airlock::v1::PRINCIPAL_ROLE_AGENT}; }
};

TEST_F(SessionCallsTest, MadeOneIsOpenAndNeedsNoExecutorYet) {
  const auto made = Create("work");

  ASSERT_THAT(made.status(), IsOk());
  EXPECT_EQ(made->state(), airlock::v1::Session::STATE_OPEN);
  EXPECT_EQ(made->agent(), "ada");
  EXPECT_EQ(made->executor_id(), "");
  EXPECT_EQ(made->backend(), "docker");
  EXPECT_TRUE(made->has_create_time());
  EXPECT_EQ(GetSession("work")->id(), made->id());
}

TEST_F(SessionCallsTest, ExecutionsRunInTheOneThatWasMade) {
  const auto executor = NewExecutor("ex-1");
  airlock::v1::CreateSessionRequest request;
  request.set_name("work");
  request.mutable_limits()->set_memory_bytes(64 << 20);
  request.mutable_limits()->set_output_bytes(1000);
  const std::string id = Create(request)->id();
  ExecuteIn("ada", "work", "r1");

  const auto spec = SpecOf(executor->jobs().at(0));
  EXPECT_EQ(spec.session(), id);
  EXPECT_EQ(spec.sandbox().memory_bytes(), 64U << 20);
  EXPECT_EQ(spec.sandbox().output_bytes(), 1000U);
}

TEST_F(SessionCallsTest, MoreOutputThanTheSessionsIsRefused) {
  airlock::v1::CreateSessionRequest request;
  request.set_name("work");
  request.mutable_limits()->set_output_bytes(1000);
  ASSERT_THAT(Create(request).status(), IsOk());
  auto sink = std::make_shared<FakeSink>(*dispatcher_, /*slow=*/false);
  airlock::v1::ExecuteRequest more;
  more.set_request_id("r1");
  more.set_session("work");
  more.mutable_action()->mutable_system_command()->set_shell("true");
  more.mutable_limits()->set_output_bytes(1001);
  dispatcher_->Execute(sink->watcher(), Ada(), more, sink);

  ASSERT_TRUE(sink->finished().has_value());
  EXPECT_THAT(*sink->finished(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("limits.output_bytes must be at most the "
                                 "session's 1000: got 1001")));
}

TEST_F(SessionCallsTest, OpenOneIsNotMadeAgain) {
  ASSERT_THAT(Create("work").status(), IsOk());

  EXPECT_THAT(Create("work").status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(SessionCallsTest, OtherAgentsIsNotFound) {
  ASSERT_THAT(Create("work").status(), IsOk());

  EXPECT_EQ(ErrorReason(GetSession("work", Bob()).status()),
            "SESSION_NOT_FOUND");
  EXPECT_EQ(ErrorReason(GetSession("work", Bob(), "ada").status()),
            "SESSION_NOT_FOUND");
  EXPECT_THAT(Close("work", Bob(), "ada").status(),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Standing("work"), "STATE_OPEN");
}

TEST_F(SessionCallsTest, OtherAgentIsNotTakenForTheCaller) {
  ASSERT_THAT(Create("work").status(), IsOk());
  ASSERT_THAT(Create("work", Bob()).status(), IsOk());

  EXPECT_THAT(Close("work", Bob(), "ada").status(),
              StatusIs(absl::StatusCode::kNotFound));

  EXPECT_EQ(GetSession("work", Bob(), "bob")->state(),
            airlock::v1::Session::STATE_OPEN);
}

TEST_F(SessionCallsTest, OperatorSeesAndClosesThatOfAnAgent) {
  ASSERT_THAT(Create("work").status(), IsOk());

  EXPECT_THAT(GetSession("work", Olga()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("agent must be set")));
  EXPECT_THAT(GetSession("work", Olga(), "ada").status(), IsOk());
  EXPECT_THAT(Close("work", Olga(), "ada").status(), IsOk());
  EXPECT_EQ(Standing("work"), "STATE_CLOSED/CLOSED");
}

TEST_F(SessionCallsTest, NamesAreChecked) {
  for (const auto& answer : {GetSession("a b"), Close("")}) {
    EXPECT_THAT(answer.status(), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("name must be 1 to 64")));
  }
}

TEST_F(SessionCallsTest, ClosingTwiceIsFine) {
  ASSERT_THAT(Create("work").status(), IsOk());
  EXPECT_THAT(Close("work").status(), IsOk());

  EXPECT_THAT(Close("work").status(), IsOk());
}

TEST_F(SessionCallsTest, ListTellsPages) {
  for (const char* name : {"a", "b"}) {
    ASSERT_THAT(Create(name).status(), IsOk());
  }
  airlock::v1::ListSessionsRequest request;
  request.set_page_size(1);
  absl::StatusOr<airlock::v1::ListSessionsResponse> page =
      absl::InternalError("no answer");
  dispatcher_->sessions().List(Ada(), request,
                               [&](auto answer) { page = std::move(answer); });

  ASSERT_THAT(page.status(), IsOk());
  ASSERT_EQ(page->sessions_size(), 1);
  EXPECT_EQ(page->sessions(0).name(), "a");
  EXPECT_FALSE(page->next_page_token().empty());
}

TEST_F(SessionCallsTest, StoppingServiceMakesNone) {
  dispatcher_->BeginDrain();

  EXPECT_THAT(Create("work").status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

class DeniedSessionTest : public SessionFixture {
 protected:
  DeniedSessionTest()
      : SessionFixture(R"({"autonomy":{"level":"readonly"}})") {}
};

TEST_F(DeniedSessionTest, DeniedActionMakesNone) {
  const auto client = ExecuteIn("ada", "work", "r1");

  EXPECT_EQ(client->completed().state(), airlock::v1::Execution::STATE_DENIED);
  EXPECT_THAT(GetSession("work").status(),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace airlock::policy
