// A job table with a fake backend, a fake clock and policies that listen.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/concurrency/worker_pool.h"
#include "common/security/key_files.h"
#include "common/time/proto_time.h"
#include "services/executor/dispatch/job_table.h"
#include "services/executor/dispatch/process_spec.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_sandbox_backend.h"
#include "tests/support/job_messages.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/executor/dispatch/recording_connection.h"

namespace airlock::executor {

inline constexpr absl::Duration kWait = absl::Seconds(10);

class JobTableTest : public testing::Test {
 protected:
  using Argv = std::vector<std::string>;
  using Message = internal::v1::ConnectRequest;
  using Outcome = airlock::v1::Outcome;

  JobTableTest() { table_ = MakeTable(2, 1); }
  ~JobTableTest() override {
    backend_.HoldCreates(false);
    table_->CancelAll("TEST_OVER");
    table_->WaitStill(absl::Now() + kWait);
    table_->Stop();
  }

  std::shared_ptr<JobTable> MakeTable(std::size_t slots, std::size_t links) {
    auto table = JobTable::Make(
        {.executor_id = "ex-1",
         .boot_nonce = boot_,
         .version = "test",
         .labels = {{"zone", "a"}},
         .slots = slots,
         .links = links},
        JobServices{.backend = backend_,
                    .warm_pool = warm_pool_,
                    .creators = creators_,
                    .reaper = reaper_,
                    .grants = grants_,
                    .clock = clock_,
                    .metrics = metrics_,
                    .sessions = {},
                    .post = {},
                    .on_change = {},
                    .on_backend_trouble = [this] { ++troubles_; }});
    table->SetBackend(true, {{"airlock/sandbox:latest", "sha256:1"}});
    return table;
  }

  std::shared_ptr<RecordingConnection> Connect(std::size_t link = 0) {
    auto connection = std::make_shared<RecordingConnection>();
    internal::v1::Welcome welcome;
    welcome.set_protocol_version(1);
    *welcome.mutable_lease() = ToProto(absl::Seconds(60));
    table_->OnConnected(link, connection, welcome);
    Settle();
    return connection;
  }
  // Waits until the table has seen everything sent so far, at this time.
  void Settle() { table_->MakeHello(0); }

  internal::v1::Job SendJob(const Argv& argv, std::uint64_t fence = 1,
                            const std::string& id = "e1") {
    internal::v1::Job job =
        MakeJob(MakeCommandSpec(id, argv, job_timeout_), fence);
    Send(job);
    return job;
  }
  void Send(const internal::v1::Job& job, std::size_t link = 0) {
    internal::v1::ConnectResponse message;
    *message.mutable_job() = job;
    table_->OnMessage(link, message, clock_.Monotonic());
  }
  void Send(const internal::v1::Grant& grant) {
    internal::v1::ConnectResponse message;
    *message.mutable_grant() = grant;
    table_->OnMessage(0, message, clock_.Monotonic());
  }
  internal::v1::Grant Granted(const internal::v1::Job& job) const {
    return SignGrant(MakeClaims(job, "ex-1", boot_), key_);
  }
  void SendGrant(const internal::v1::Job& job) { Send(Granted(job)); }
  template <typename Set>
  void Send(Set set) {
    internal::v1::ConnectResponse message;
    set(message);
    table_->OnMessage(0, message, clock_.Monotonic());
  }
  void SendCancel(const internal::v1::Job& job) {
    Send([&job](internal::v1::ConnectResponse& message) {
      message.mutable_cancel_job()->set_execution_id(job.execution_id());
      message.mutable_cancel_job()->set_fence(job.fence());
    });
  }
  void SendEndAck(const internal::v1::Job& job) {
    Send([&job](internal::v1::ConnectResponse& message) {
      message.mutable_end_ack()->set_execution_id(job.execution_id());
      message.mutable_end_ack()->set_fence(job.fence());
    });
  }

  // Waits until the job's sandbox is there and grants its start.
  internal::v1::Job StartJob(RecordingConnection& policy, const Argv& argv,
                             const std::string& id = "e1") {
    internal::v1::Job job = SendJob(argv, 1, id);
    EXPECT_TRUE(AwaitReady(policy, id));
    SendGrant(job);
    return job;
  }
  static bool AwaitReady(RecordingConnection& policy,
                         const std::string& id = "e1") {
    return policy
        .Await([&id](const Message& message) {
          return message.job_ready().execution_id() == id;
        })
        .has_value();
  }
  // How the job ended; UNSPECIFIED if it did not.
  static internal::v1::JobEnded AwaitEnd(RecordingConnection& policy,
                                         const std::string& id = "e1",
                                         absl::Duration timeout = kWait) {
    const auto message = policy.Await(
        [&id](const Message& sent) {
          return sent.job_ended().execution_id() == id;
        },
        timeout);
    return message.has_value() ? message->job_ended()
                               : internal::v1::JobEnded();
  }
  // Replaces the file of the keys whose grants are valid.
  void AcceptKeys(const std::vector<const SigningKey*>& keys) {
    const std::string next = directory_ / "grant.pub.next";
    std::ofstream file(next);
    for (const SigningKey* key : keys) file << key->verify_key().ToPem();
    file.close();
    std::filesystem::rename(next, key_file_);
  }
  std::unique_ptr<VerifyKeyFile> OpenKeyFile() {
    AcceptKeys({&key_});
    return *VerifyKeyFile::Open(key_file_);
  }
  // Whether the credits given reach `count`.
  static bool AwaitCredits(RecordingConnection& policy, std::size_t count) {
    for (const absl::Time end = absl::Now() + kWait; absl::Now() < end;) {
      if (policy.credits() >= count) return true;
      absl::SleepFor(absl::Milliseconds(2));
    }
    return false;
  }

  const std::string boot_ = std::string(16, 'b');
  const SigningKey key_ = SigningKey::Generate();
  FakeClock clock_;
  prometheus::Registry registry_;
  ExecutorMetrics metrics_{registry_};
  TemporaryDirectory directory_;
  const std::string key_file_ = directory_ / "grant.pub";
  GrantVerifier grants_{OpenKeyFile(), "ex-1", boot_};
  FakeSandboxBackend backend_;
  std::atomic<int> troubles_ = 0;
  absl::Duration job_timeout_ = absl::Seconds(30);
  SandboxQuota quota_{16};
  std::shared_ptr<JobTable> table_;
  SandboxReaper reaper_{2, 16, metrics_};
  // Of what SendJob() needs.
  WarmPool warm_pool_{
      {{.spec = *SandboxSpecFromProto(MakeCommandSpec("e", {"x"}).sandbox()),
        .size = 1,
        .max_age = absl::Hours(1)}},
      {.backend = backend_,
       .quota = quota_,
       .reaper = reaper_,
       .clock = clock_,
       .metrics = metrics_,
       .on_backend_trouble = [this] { ++troubles_; }}};
  WorkerPool creators_{2, 16};
};

}  // namespace airlock::executor
