// Which executors get what, where some have an engine and others an SSH host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/policy/dispatch/session_fixture.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ExecutionSpec;
using airlock::v1::WaitingExecution;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ada's backend is an engine, far's an SSH host.
constexpr const char* kMixed = R"({"autonomy": {"level": "full"},
    "sandbox": {"runtime": "runsc", "timeout": 30000,
                "mounts": [{"source": "/srv/data", "target": "/data"}],
                "ssh": {"host": "h", "username": "u", "privateKeyPath": "/k",
                        "timeout": 7000}},
    "agents": {"far": {"sandbox": {"backend": "ssh"}}}})";

class SshDispatchTest : public SessionFixture {
 protected:
  SshDispatchTest() : SessionFixture(kMixed) {}

  std::shared_ptr<FakeExecutor> NewRemote(const std::string& id) {
    auto executor = std::make_shared<FakeExecutor>(*dispatcher_, id, 'b');
    executor->set_backend("ssh");
    executor->Connect();
    executor->GiveCredits(1);
    executors_.push_back(executor);
    return executor;
  }
  std::shared_ptr<FakeSink> SshExec(const std::string& agent,
                                    const std::string& request_id,
                                    const std::string& session = "") {
    airlock::v1::ExecuteRequest request;
    request.set_request_id(request_id);
    request.set_session(session);
    request.mutable_action()->mutable_ssh_exec()->set_command("uname");
    return Send(agent, request);
  }
};

TEST_F(SshDispatchTest, AgentsGoToExecutorsWithTheirBackendOnly) {
  const auto engine = NewExecutor("ex-docker");
  const auto remote = NewRemote("ex-ssh");
  Execute("ada", "r1");
  Execute("far", "r1");

  ASSERT_THAT(engine->jobs(), SizeIs(1));
  ASSERT_THAT(remote->jobs(), SizeIs(1));
  EXPECT_EQ(SpecOf(engine->jobs()[0]).agent(), "ada");
  EXPECT_EQ(SpecOf(remote->jobs()[0]).agent(), "far");
}

TEST_F(SshDispatchTest, SshExecGoesToAnSshHostWhateverTheAgentsBackend) {
  const auto engine = NewExecutor("ex-docker");
  const auto remote = NewRemote("ex-ssh");
  const auto client = SshExec("ada", "r1");

  EXPECT_THAT(engine->jobs(), IsEmpty());
  ASSERT_THAT(remote->jobs(), SizeIs(1));
  EXPECT_EQ(client->events().at(0).accepted().backend(), "ssh");
}

TEST_F(SshDispatchTest, WhatIsFrozenForAnSshHostHasNothingOfAnEngine) {
  const auto remote = NewRemote("ex-ssh");
  SshExec("ada", "r1");

  ASSERT_THAT(remote->jobs(), SizeIs(1));
  const ExecutionSpec spec = SpecOf(remote->jobs()[0]);
  EXPECT_EQ(spec.sandbox().backend(), "ssh");
  EXPECT_EQ(spec.sandbox().image(), "");
  EXPECT_EQ(spec.sandbox().image_id(), "");
  EXPECT_EQ(spec.sandbox().runtime(), "");
  EXPECT_THAT(spec.sandbox().mounts(), IsEmpty());
  EXPECT_EQ(spec.sandbox().memory_bytes(), 512U << 20);
  EXPECT_EQ(FromProto(spec.timeout()), absl::Seconds(7));
}

TEST_F(SshDispatchTest, WithoutAnSshHostItWaitsAndSaysSo) {
  NewExecutor("ex-docker");
  SshExec("ada", "r1");

  absl::StatusOr<airlock::v1::ListWaitingExecutionsResponse> told =
      absl::InternalError("no answer");
  dispatcher_->ListWaiting(Olga(), "",
                           [&](auto waiting) { told = std::move(waiting); });

  ASSERT_THAT(told, IsOk());
  ASSERT_EQ(told->waiting_size(), 1);
  EXPECT_EQ(told->waiting(0).reason(), WaitingExecution::REASON_NO_EXECUTOR);
  EXPECT_THAT(told->waiting(0).message(),
              HasSubstr("no executor with the backend \"ssh\""));
}

TEST_F(SshDispatchTest, SessionOfAnEngineRefusesSshExec) {
  NewRemote("ex-ssh");
  ASSERT_THAT(Create("work"), IsOk());
  const auto client = SshExec("ada", "r1", "work");

  ASSERT_TRUE(client->finished().has_value());
  EXPECT_THAT(*client->finished(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("has the backend \"docker\"")));
  EXPECT_EQ(ErrorReason(*client->finished()), "SESSION_BACKEND");
}

TEST_F(SshDispatchTest, SessionThatSshExecBeganTakesNothingForAnEngine) {
  NewExecutor("ex-docker");
  const auto remote = NewRemote("ex-ssh");
  SshExec("ada", "r1", "far-work");
  FinishNewest(*remote);
  remote->GiveCredits(1);

  const auto refused = ExecuteIn("ada", "far-work", "r2");
  SshExec("ada", "r3", "far-work");

  EXPECT_EQ(GetSession("far-work")->backend(), "ssh");
  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(ErrorReason(*refused->finished()), "SESSION_BACKEND");
  EXPECT_THAT(remote->jobs(), SizeIs(2));
}

TEST_F(SshDispatchTest, AgentWithAnSshHostHasAllInOneSession) {
  const auto remote = NewRemote("ex-ssh");
  ExecuteIn("far", "work", "r1");
  FinishNewest(*remote);
  remote->GiveCredits(1);

  SshExec("far", "r2", "work");

  ASSERT_THAT(remote->jobs(), SizeIs(2));
  EXPECT_EQ(SessionOf(remote->jobs()[0]), SessionOf(remote->jobs()[1]));
}

}  // namespace
}  // namespace airlock::policy
