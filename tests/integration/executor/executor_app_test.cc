// A whole executor with a fake backend, against a policy that is scripted, over
// real gRPC and mutual TLS.
#include "services/executor/executor_app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/executor/dispatch/process_spec.h"
#include "tests/integration/executor/scripted_policy.h"
#include "tests/support/fake_sandbox_backend.h"
#include "tests/support/job_messages.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_certs.h"

namespace airlock::executor {
namespace {

using airlock::v1::Outcome;
using FromExecutor = ScriptedPolicy::FromExecutor;
using FromPolicy = ScriptedPolicy::FromPolicy;

constexpr absl::Duration kWait = absl::Seconds(20);

bool IsHello(const FromExecutor& message) { return message.has_hello(); }
bool IsCredit(const FromExecutor& message) {
  return message.has_start_credit();
}
bool IsReady(const FromExecutor& message) { return message.has_job_ready(); }
bool IsStarted(const FromExecutor& message) {
  return message.has_process_started();
}
bool IsOutput(const FromExecutor& message) { return message.has_output(); }
bool IsEnd(const FromExecutor& message) { return message.has_job_ended(); }
bool IsDraining(const FromExecutor& message) { return message.has_draining(); }

class ExecutorAppTest : public testing::Test {
 protected:
  ExecutorAppTest() {
    config_.backend = "docker";
    config_.state_path = certs_.folder() + "/state";
    config_.tls = certs_.ForRole(airlock::v1::PEER_ROLE_EXECUTOR);
    config_.grant_public_key_path =
        certs_.WriteFile("grant.pem", key_.verify_key().ToPem());
    config_.max_running = 2;
    config_.max_sandboxes = 8;
    config_.metrics_listen = "127.0.0.1:0";
    config_.probe_listen = "127.0.0.1:0";
    config_.drain_timeout = absl::Seconds(10);
    policy_.Serve(certs_.ForRole(airlock::v1::PEER_ROLE_POLICY));
    config_.policy_targets = {absl::StrCat("127.0.0.1:", policy_.port())};
  }

  absl::StatusOr<std::unique_ptr<ExecutorApp>> TryStart() {
    return ExecutorApp::Start(
        config_,
        [this](const BackendIdentity&)
            -> absl::StatusOr<std::unique_ptr<SandboxBackend>> {
          auto backend = std::make_unique<FakeSandboxBackend>();
          backend_ = backend.get();
          if (!engine_.ok()) backend->SetCheck(engine_);
          backend->SetProbeLine("pids", weak_probe_);
          return backend;
        });
  }
  void Start() {
    auto app = TryStart();
    ASSERT_THAT(app, IsOk());
    app_ = *std::move(app);
  }

  // What SendJob() needs waits.
  void KeepWarm(std::size_t size) {
    const auto spec = MakeCommandSpec("e", {"x"});
    config_.warm_targets = {{.spec = *SandboxSpecFromProto(spec.sandbox()),
                             .size = size,
                             .max_age = absl::Hours(1)}};
  }

  internal::v1::Job SendJob(const std::vector<std::string>& argv) {
    internal::v1::ExecutionSpec spec = MakeCommandSpec("e1", argv);
    // Its start is told.
    spec.mutable_action()
        ->mutable_system_command()
        ->mutable_input()
        ->set_accepts_later_input(true);
    internal::v1::Job job = MakeJob(spec);
    FromPolicy message;
    *message.mutable_job() = job;
    policy_.Send(message);
    return job;
  }
  void SendGrant(const internal::v1::Job& job) {
    const auto hello = policy_.Await(IsHello);
    ASSERT_TRUE(hello.has_value());
    FromPolicy message;
    *message.mutable_grant() =
        SignGrant(MakeClaims(job, hello->hello().executor_id(),
                             hello->hello().boot_nonce()),
                  key_);
    policy_.Send(message);
  }
  internal::v1::Job StartJob(const std::vector<std::string>& argv) {
    EXPECT_TRUE(policy_.Await(IsCredit));
    internal::v1::Job job = SendJob(argv);
    EXPECT_TRUE(policy_.Await(IsReady));
    SendGrant(job);
    return job;
  }
  void SendEndAck(const internal::v1::Job& job) {
    FromPolicy message;
    message.mutable_end_ack()->set_execution_id(job.execution_id());
    message.mutable_end_ack()->set_fence(job.fence());
    policy_.Send(message);
  }

  TestCerts certs_;
  const SigningKey key_ = SigningKey::Generate();
  absl::Status engine_;
  // What the first self-test finds of pids, if not empty.
  std::string weak_probe_;
  ExecutorConfig config_;
  ScriptedPolicy policy_;
  FakeSandboxBackend* backend_ = nullptr;
  std::unique_ptr<ExecutorApp> app_;
};

TEST_F(ExecutorAppTest, GrantedJobRunsToItsEnd) {
  Start();

  const auto job = StartJob({"echo", "Hello from sandbox"});

  const auto end = policy_.Await(IsEnd);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->job_ended().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_EQ(policy_.Output(airlock::v1::OUTPUT_STREAM_STDOUT),
            "Hello from sandbox\n");
  SendEndAck(job);
  EXPECT_TRUE(policy_.Await(IsCredit, 2)) << "the slot is free again";
}

TEST_F(ExecutorAppTest, GrantOfAnotherKeyStartsNothing) {
  Start();
  ASSERT_TRUE(policy_.Await(IsCredit));
  const auto job = SendJob({"echo", "hi"});
  ASSERT_TRUE(policy_.Await(IsReady));
  const auto hello = policy_.Await(IsHello);

  FromPolicy message;
  *message.mutable_grant() =
      SignGrant(MakeClaims(job, hello->hello().executor_id(),
                           hello->hello().boot_nonce()),
                SigningKey::Generate());
  policy_.Send(message);

  const auto end = policy_.Await(IsEnd);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->job_ended().outcome().reason(), "GRANT_INVALID");
  EXPECT_TRUE(backend_->started_processes().empty());
}

TEST_F(ExecutorAppTest, BrokenStreamIsDialledAgainAndOutputGoesOn) {
  Start();
  const auto job = StartJob({"hang"});
  ASSERT_TRUE(policy_.Await(IsStarted));

  policy_.BreakStream();

  const auto hello = policy_.Await(IsHello, 2);
  ASSERT_TRUE(hello.has_value());
  ASSERT_EQ(hello->hello().held_jobs_size(), 1);
  EXPECT_TRUE(hello->hello().held_jobs(0).started());
  FromPolicy cancel;
  cancel.mutable_cancel_job()->set_execution_id(job.execution_id());
  cancel.mutable_cancel_job()->set_fence(job.fence());
  ASSERT_TRUE(policy_.Await(IsStarted, 2));
  policy_.Send(cancel);
  const auto end = policy_.Await(IsEnd);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->job_ended().outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
}

TEST_F(ExecutorAppTest, OutputIsSentAgainFromWhereThePolicyAsks) {
  Start();
  const auto job = StartJob({"echo", "0123456789"});
  ASSERT_TRUE(policy_.Await(IsEnd));

  policy_.BreakStream();
  ASSERT_TRUE(policy_.Await(IsStarted, 2));
  FromPolicy resume;
  resume.mutable_resume_output()->set_execution_id(job.execution_id());
  resume.mutable_resume_output()->set_fence(job.fence());
  resume.mutable_resume_output()->set_stdout_offset(4);
  policy_.Send(resume);

  const auto output = policy_.Await(IsOutput, 2);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->output().chunk().offset(), 4U);
  EXPECT_EQ(output->output().chunk().data(), "456789\n");
  EXPECT_TRUE(policy_.Await(IsEnd, 2));
}

TEST_F(ExecutorAppTest, RestartedPolicyIsFoundAgain) {
  Start();
  ASSERT_TRUE(policy_.Await(IsCredit));
  const int port = policy_.port();

  policy_.StopServing();
  policy_.Serve(certs_.ForRole(airlock::v1::PEER_ROLE_POLICY), port);

  EXPECT_TRUE(policy_.Await(IsCredit, 2));
}

TEST_F(ExecutorAppTest, SilentPolicyIsGivenUp) {
  Start();
  ASSERT_TRUE(policy_.Await(IsCredit));

  policy_.AnswerHeartbeats(false);

  EXPECT_TRUE(policy_.Await(IsHello, 2));
}

TEST_F(ExecutorAppTest, ServerWithoutThePolicyRoleIsNotTalkedTo) {
  policy_.StopServing();
  policy_.Serve(certs_.ForRole(airlock::v1::PEER_ROLE_GATEWAY));
  config_.policy_targets = {absl::StrCat("127.0.0.1:", policy_.port())};
  Start();

  absl::SleepFor(absl::Milliseconds(500));

  EXPECT_FALSE(app_->ready());
}

TEST_F(ExecutorAppTest, EngineDownAtStartMeansNoCreditUntilItIsBack) {
  engine_ = absl::UnavailableError("no engine");
  Start();
  ASSERT_TRUE(policy_.Await(IsHello));
  EXPECT_FALSE(app_->ready());

  backend_->SetLeftovers(3);
  backend_->SetCheck(absl::OkStatus());

  EXPECT_TRUE(policy_.Await(IsCredit));
  EXPECT_TRUE(app_->ready());
  EXPECT_EQ(*backend_->RemoveLeftovers(absl::Now()), 0)
      << "leftovers are removed before the first credit";
}

TEST_F(ExecutorAppTest, DrainGivesBackWhatHasNotStartedAndWaitsForTheRest) {
  Start();
  const auto running = StartJob({"sleep", "0.3"});
  ASSERT_TRUE(policy_.Await(IsStarted));
  internal::v1::Job waiting = MakeJob(MakeCommandSpec("e2", {"echo", "hi"}));
  FromPolicy message;
  *message.mutable_job() = waiting;
  policy_.Send(message);
  ASSERT_TRUE(policy_.Await(IsReady, 2));

  std::thread drain([this] { app_->Drain(absl::Now() + kWait); });
  const auto first = policy_.Await(IsEnd, 1);
  const auto second = policy_.Await(IsEnd, 2);
  SendEndAck(waiting);
  SendEndAck(running);
  drain.join();

  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->job_ended().outcome().reason(), "EXECUTOR_DRAINING");
  EXPECT_TRUE(first->job_ended().retriable());
  EXPECT_EQ(second->job_ended().outcome().ended_by(), Outcome::ENDED_BY_EXITED);
  EXPECT_TRUE(policy_.Await(IsDraining));
  EXPECT_FALSE(app_->ready());
  EXPECT_EQ(backend_->live_sandboxes(), 0);
}

TEST_F(ExecutorAppTest, DrainKillsWhatOutlivesIt) {
  Start();
  const auto job = StartJob({"sleep", "60"});
  ASSERT_TRUE(policy_.Await(IsStarted));

  std::thread drain([this] { app_->Drain(absl::Now() + absl::Seconds(2)); });
  const auto end = policy_.Await(IsEnd);
  SendEndAck(job);
  drain.join();

  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->job_ended().outcome().ended_by(), Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(end->job_ended().outcome().reason(), "EXECUTOR_DRAINING");
}

TEST_F(ExecutorAppTest, SandboxesWaitBeforeTheFirstCredit) {
  KeepWarm(3);
  Start();

  ASSERT_TRUE(policy_.Await(IsCredit));

  EXPECT_EQ(backend_->live_sandboxes(), 3);
  StartJob({"echo", "hi"});
  ASSERT_TRUE(policy_.Await(IsEnd));
  // The used one is still alive for a moment when its successor is not yet.
  EXPECT_TRUE(backend_->WaitForCreated(4, kWait)) << "it was replaced";
  EXPECT_TRUE(backend_->WaitForLiveSandboxes(3, kWait));
  EXPECT_EQ(backend_->created_specs().size(), 4U);
}

TEST_F(ExecutorAppTest, SandboxesThatCannotBeMadeHoldNoCreditBack) {
  KeepWarm(3);
  config_.warm_targets.front().spec.image = "airlock/no-such-image:1";
  Start();

  EXPECT_TRUE(policy_.Await(IsCredit));
  EXPECT_TRUE(app_->ready());
}

TEST_F(ExecutorAppTest, NoCreditWhileALimitDoesNotHold) {
  config_.tried_sandbox =
      *SandboxSpecFromProto(MakeCommandSpec("e", {"x"}).sandbox());
  weak_probe_ = "created=48 error=none";
  Start();
  const auto weak = policy_.Await([](const FromExecutor& message) {
    const auto& checks = message.status().checks();
    return std::any_of(checks.begin(), checks.end(), [](const auto& check) {
      return check.name() == "pids" && !check.ok();
    });
  });
  ASSERT_TRUE(weak.has_value()) << "operators are told";
  EXPECT_FALSE(weak->status().ready());
  EXPECT_FALSE(app_->ready());

  backend_->SetProbeLine("pids", "");

  EXPECT_TRUE(policy_.Await(IsCredit));
  const auto sound = policy_.Await([](const FromExecutor& message) {
    return message.status().ready() && message.status().checks_size() > 0;
  });
  ASSERT_TRUE(sound.has_value());
  for (const auto& check : sound->status().checks()) {
    EXPECT_TRUE(check.ok()) << check.name();
  }
}

TEST_F(ExecutorAppTest, ImageThatIsMissingHoldsNoCreditBack) {
  config_.tried_sandbox =
      *SandboxSpecFromProto(MakeCommandSpec("e", {"x"}).sandbox());
  config_.tried_sandbox->image = "airlock/no-such-image:1";
  Start();

  EXPECT_TRUE(policy_.Await(IsCredit));
}

TEST_F(ExecutorAppTest, StatusTellsWhatItHas) {
  KeepWarm(2);
  Start();

  const auto told = policy_.Await([](const FromExecutor& message) {
    return message.status().warm_sandboxes() == 2;
  });

  ASSERT_TRUE(told.has_value());
  EXPECT_TRUE(told->status().ready());
  EXPECT_EQ(told->status().warm_target(), 2U);
  EXPECT_EQ(told->status().sandboxes(), 2U);
  EXPECT_EQ(told->status().max_sandboxes(), 8U);
}

TEST_F(ExecutorAppTest, DrainAndDestructionLeaveNoSandbox) {
  KeepWarm(3);
  Start();
  ASSERT_TRUE(policy_.Await(IsCredit));

  app_->Drain(absl::Now() + kWait);

  EXPECT_EQ(backend_->live_sandboxes(), 0);
}

TEST_F(ExecutorAppTest, SecondExecutorOnTheSameStateIsRefused) {
  Start();

  const auto second = TryStart();

  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition,
                               testing::HasSubstr("another executor")));
}

TEST_F(ExecutorAppTest, IdStaysAndBootChanges) {
  Start();
  const auto first = policy_.Await(IsHello);
  app_ = nullptr;

  Start();
  const auto second = policy_.Await(IsHello, 2);

  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->hello().executor_id(), second->hello().executor_id());
  EXPECT_NE(first->hello().boot_nonce(), second->hello().boot_nonce());
}

TEST_F(ExecutorAppTest, MissingKeyIsNamed) {
  config_.grant_public_key_path = certs_.folder() + "/nothing.pem";

  EXPECT_THAT(TryStart(), StatusIs(absl::StatusCode::kNotFound,
                                   testing::HasSubstr("nothing.pem")));
}

TEST_F(ExecutorAppTest, WhyItIsNotReadyIsToldAndNoCreditGiven) {
  const auto is_quarantined = [](const FromExecutor& message) {
    return message.status().not_ready_reason() == "HOST_QUARANTINED";
  };
  engine_ = MakeError(absl::StatusCode::kFailedPrecondition, "HOST_QUARANTINED",
                      "new file /tmp/\x1b[2J");
  Start();

  const auto told = policy_.Await(is_quarantined);
  ASSERT_TRUE(told.has_value());
  EXPECT_FALSE(told->status().ready());
  EXPECT_EQ(told->status().not_ready_message(), "new file /tmp/\\u{001B}[2J");
  EXPECT_FALSE(app_->ready());
  SendJob({"echo", "hi"});
  const auto refused = policy_.Await(IsEnd);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->job_ended().outcome().reason(), "NO_CREDIT");
  EXPECT_TRUE(refused->job_ended().retriable());

  backend_->SetCheck(absl::OkStatus());

  EXPECT_TRUE(policy_.Await(IsCredit));
  const auto sound = policy_.Await(
      [](const FromExecutor& message) { return message.status().ready(); });
  ASSERT_TRUE(sound.has_value());
  EXPECT_EQ(sound->status().not_ready_reason(), "");
  EXPECT_EQ(sound->status().not_ready_message(), "");
}

TEST_F(ExecutorAppTest, WhatItTellsOfItsTroubleIsBounded) {
  engine_ = absl::UnavailableError(std::string(100'000, '\x01'));
  Start();

  const auto told = policy_.Await([](const FromExecutor& message) {
    return !message.status().not_ready_reason().empty();
  });
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->status().not_ready_reason(), "BACKEND_UNAVAILABLE");
  EXPECT_LE(told->status().not_ready_message().size(), 4096U);
  EXPECT_GT(told->status().not_ready_message().size(), 1000U);
}

}  // namespace
}  // namespace airlock::executor
