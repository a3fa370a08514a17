#include "tests/unit/policy/dispatch/dispatch_fixture.h"

namespace airlock::policy {

using airlock::internal::v1::ConnectRequest;
using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::Job;

airlock::v1::Execution FakeSink::completed() const {
  EXPECT_FALSE(events_.empty());
  EXPECT_TRUE(events_.back().has_completed())
      << events_.back().ShortDebugString();
  EXPECT_TRUE(finished_.has_value() && finished_->ok());
  return events_.back().completed();
}

std::string FakeSink::output(airlock::v1::OutputStream stream) const {
  std::string all;
  for (const airlock::v1::ExecutionEvent& event : events_) {
    if (event.has_output() && event.output().stream() == stream) {
      all += event.output().data();
    }
  }
  return all;
}

std::uint64_t FakeSink::skipped_bytes() const {
  std::uint64_t all = 0;
  for (const airlock::v1::ExecutionEvent& event : events_) {
    all += event.output().skipped_bytes();
  }
  return all;
}

void FakeExecutor::Say(ConnectRequest message) {
  dispatcher_.OnMessage(link_, shared_from_this(), std::move(message));
}

void FakeExecutor::Connect(std::vector<airlock::internal::v1::HeldJob> held,
                           const std::vector<std::string>& sessions) {
  link_ = dispatcher_.NewLink();
  closed_.reset();
  ConnectRequest message;
  airlock::internal::v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol_version(1);
  hello.set_executor_id(id_);
  hello.set_boot_nonce(boot_);
  hello.set_backend(backend_);
  hello.set_version("1.2.3");
  hello.set_slots(2);
  (*hello.mutable_labels())["zone"] = "a";
  hello.add_images()->set_reference("airlock/sandbox:latest");
  for (airlock::internal::v1::HeldJob& job : held) {
    *hello.add_held_jobs() = std::move(job);
  }
  for (const std::string& id : sessions) hello.add_held_sessions(id);
  hello.set_session_slots(session_slots_);
  Say(std::move(message));
}

void FakeExecutor::GiveCredits(std::uint32_t starts) {
  ConnectRequest message;
  message.mutable_start_credit()->set_starts(starts);
  Say(std::move(message));
}

void FakeExecutor::SayHeartbeat() {
  ConnectRequest message;
  message.mutable_heartbeat()->set_sequence(1);
  Say(std::move(message));
}

void FakeExecutor::SayDraining() {
  ConnectRequest message;
  message.mutable_draining();
  Say(std::move(message));
}

void FakeExecutor::SayReady(const Job& job, const std::string& image_id) {
  ConnectRequest message;
  message.mutable_job_ready()->set_execution_id(job.execution_id());
  message.mutable_job_ready()->set_fence(job.fence());
  message.mutable_job_ready()->set_image_id(image_id);
  Say(std::move(message));
}

void FakeExecutor::SayOutput(const Job& job, std::uint64_t offset,
                             std::string data) {
  ConnectRequest message;
  airlock::internal::v1::Output& output = *message.mutable_output();
  output.set_execution_id(job.execution_id());
  output.set_fence(job.fence());
  output.mutable_chunk()->set_stream(airlock::v1::OUTPUT_STREAM_STDOUT);
  output.mutable_chunk()->set_offset(offset);
  output.mutable_chunk()->set_data(std::move(data));
  Say(std::move(message));
}

void FakeExecutor::SayEnded(const Job& job,
                            airlock::v1::Outcome::EndedBy ended_by,
                            bool retriable) {
  ConnectRequest message;
  airlock::internal::v1::JobEnded& ended = *message.mutable_job_ended();
  ended.set_execution_id(job.execution_id());
  ended.set_fence(job.fence());
  ended.mutable_outcome()->set_ended_by(ended_by);
  ended.set_retriable(retriable);
  Say(std::move(message));
}

void FakeExecutor::SayEndedWithSession(const Job& job,
                                       airlock::v1::Outcome::EndedBy ended_by) {
  ConnectRequest message;
  airlock::internal::v1::JobEnded& ended = *message.mutable_job_ended();
  ended.set_execution_id(job.execution_id());
  ended.set_fence(job.fence());
  ended.mutable_outcome()->set_ended_by(ended_by);
  ended.set_session_lost(true);
  Say(std::move(message));
}

void FakeExecutor::SaySessionEnded(const std::string& id,
                                   const std::string& reason) {
  ConnectRequest message;
  message.mutable_session_ended()->set_session_id(id);
  message.mutable_session_ended()->set_reason(reason);
  Say(std::move(message));
}

std::vector<std::string> FakeExecutor::ended_sessions() const {
  std::vector<std::string> ended;
  for (const ConnectResponse& message : sent_) {
    if (message.has_end_session()) {
      ended.push_back(message.end_session().session_id());
    }
  }
  return ended;
}

std::vector<Job> FakeExecutor::jobs() const {
  std::vector<Job> jobs;
  for (const ConnectResponse& message : sent_) {
    if (message.has_job()) jobs.push_back(message.job());
  }
  return jobs;
}

std::vector<airlock::internal::v1::Grant> FakeExecutor::grants() const {
  std::vector<airlock::internal::v1::Grant> grants;
  for (const ConnectResponse& message : sent_) {
    if (message.has_grant()) grants.push_back(message.grant());
    if (message.job().has_grant()) grants.push_back(message.job().grant());
  }
  return grants;
}

int FakeExecutor::Count(ConnectResponse::MessageCase kind) const {
  int count = 0;
  for (const ConnectResponse& message : sent_) {
    if (message.message_case() == kind) ++count;
  }
  return count;
}

void HeldStore::Commit(Transaction transaction, CommitDone done) {
  if (!transaction.executions.empty()) ++puts_;
  const bool counts =
      !transaction.executions.empty() || !transaction.approvals.empty();
  if (!next_.ok() && counts) {
    done(std::exchange(next_, absl::OkStatus()));
    return;
  }
  auto put = [this, transaction = std::move(transaction),
              done = std::move(done)] { memory_.Commit(transaction, done); };
  if (holding_) {
    held_.push_back(std::move(put));
  } else {
    put();
  }
}

void HeldStore::Release() {
  holding_ = false;
  for (const auto& put : std::exchange(held_, {})) put();
}

DispatchFixture::DispatchFixture(const std::string& config,
                                 DispatchLimits limits)
    : reading_(ReadConfigText(config)), limits_(std::move(limits)) {
  auto contract = ContractFromConfig(reading_.config, reading_.problems);
  EXPECT_NE(contract, nullptr) << FormatProblems(reading_.problems);
  policy_ = std::make_unique<PolicySource>(
      reading_.config, std::move(contract),
      ConfigSource{"", [this] { return reading_; }}, nullptr, clock_);
  MakeDispatcher();
}

void DispatchFixture::MakeDispatcherOnly() {
  dispatcher_ = std::make_unique<Dispatcher>(
      Dispatcher::Parts{clock_, *policy_, store_, minter_, metrics_, "po-1",
                        "1.2.3"},
      limits_);
}

void DispatchFixture::MakeDispatcher() {
  MakeDispatcherOnly();
  store_.LoadLive(absl::InfinitePast(), [this](absl::StatusOr<LiveState> live) {
    ASSERT_TRUE(live.ok()) << live.status();
    dispatcher_->TakeUp(*std::move(live));
  });
}

DispatchFixture::~DispatchFixture() { dispatcher_->AbortStreams(); }

void DispatchFixture::ReplacePolicy(const std::string& config) {
  reading_ = ReadConfigText(config);
  EXPECT_TRUE(policy_->Reload().ok());
}

void DispatchFixture::Restart() {
  dispatcher_->AbortStreams();
  executors_.clear();
  dispatcher_ = nullptr;
  MakeDispatcher();
}

airlock::v1::Approval DispatchFixture::PendingOf(const FakeSink& sink) {
  for (const airlock::v1::ExecutionEvent& event : sink.events()) {
    if (event.has_approval()) return event.approval();
  }
  ADD_FAILURE() << "nobody was asked";
  return {};
}

absl::StatusOr<airlock::v1::Approval> DispatchFixture::Decide(
    const std::string& approver, const airlock::v1::Approval& approval,
    airlock::v1::ApprovalAnswer::Answer answer, const std::string& comment) {
  airlock::v1::DecideApprovalRequest request;
  request.set_id(approval.id());
  request.set_answer(answer);
  request.set_comment(comment);
  request.set_digest(approval.digest());
  // It may come after this has returned.
  const auto result = std::make_shared<absl::StatusOr<airlock::v1::Approval>>(
      absl::InternalError("no answer"));
  dispatcher_->approvals().Decide(
      {approver, airlock::v1::PRINCIPAL_ROLE_APPROVER}, request,
      [result](auto decided) { *result = std::move(decided); });
  return *result;
}

absl::StatusOr<airlock::v1::Approval> DispatchFixture::FindApproval(
    const std::string& id) {
  absl::StatusOr<airlock::v1::Approval> result =
      absl::InternalError("no answer");
  dispatcher_->approvals().Get(
      {"op", airlock::v1::PRINCIPAL_ROLE_OPERATOR}, id,
      [&result](auto found) { result = std::move(found); });
  return result;
}

std::vector<airlock::v1::AuditEventType> DispatchFixture::AuditTypes() {
  std::vector<airlock::v1::AuditEventType> types;
  store_.ReadAudit(1, 1000, [&types](auto records) {
    for (const airlock::v1::SealedAuditRecord& sealed : *records) {
      airlock::v1::AuditRecord record;
      EXPECT_TRUE(record.ParseFromString(sealed.record()));
      types.push_back(record.type());
    }
  });
  return types;
}

std::string DispatchFixture::LastActorOf(airlock::v1::AuditEventType type) {
  std::string actor = "no such record";
  store_.ReadAudit(1, 1000, [&](auto records) {
    for (const airlock::v1::SealedAuditRecord& sealed : *records) {
      airlock::v1::AuditRecord record;
      EXPECT_TRUE(record.ParseFromString(sealed.record()));
      if (record.type() == type) actor = record.actor();
    }
  });
  return actor;
}

std::shared_ptr<FakeSink> DispatchFixture::Execute(
    const std::string& agent, const std::string& request_id,
    const std::string& word, bool slow, bool cancel_on_disconnect) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(request_id);
  request.set_cancel_on_disconnect(cancel_on_disconnect);
  auto& argv =
      *request.mutable_action()->mutable_system_command()->mutable_argv();
  argv.add_args("echo");
  argv.add_args(word);
  return Send(agent, request, slow);
}

std::shared_ptr<FakeSink> DispatchFixture::Send(
    const std::string& agent, const airlock::v1::ExecuteRequest& request,
    bool slow) {
  auto sink = std::make_shared<FakeSink>(*dispatcher_, slow);
  dispatcher_->Execute(sink->watcher(),
                       {agent, airlock::v1::PRINCIPAL_ROLE_AGENT}, request,
                       sink);
  return sink;
}

std::shared_ptr<FakeSink> DispatchFixture::ExecuteIn(
    const std::string& agent, const std::string& session,
    const std::string& request_id) {
  airlock::v1::ExecuteRequest request;
  request.set_request_id(request_id);
  request.set_session(session);
  request.mutable_action()->mutable_system_command()->set_shell("true");
  return Send(agent, request);
}

std::shared_ptr<FakeSink> DispatchFixture::Watch(const std::string& agent,
                                                 const std::string& id,
                                                 std::uint64_t stdout_offset) {
  auto sink = std::make_shared<FakeSink>(*dispatcher_, false);
  airlock::v1::WatchExecutionRequest request;
  request.set_id(id);
  request.set_stdout_offset(stdout_offset);
  dispatcher_->Watch(sink->watcher(),
                     {agent, airlock::v1::PRINCIPAL_ROLE_AGENT}, request, sink);
  return sink;
}

absl::Status DispatchFixture::Cancel(const std::string& agent,
                                     const std::string& id) {
  // It may come after this has returned.
  const auto result =
      std::make_shared<absl::Status>(absl::InternalError("no answer"));
  dispatcher_->Cancel(
      {agent, airlock::v1::PRINCIPAL_ROLE_AGENT}, id,
      [result](auto execution) { *result = execution.status(); });
  return *result;
}

absl::StatusOr<airlock::v1::Execution> DispatchFixture::Get(
    const std::string& agent, const std::string& id) {
  absl::StatusOr<airlock::v1::Execution> result =
      absl::InternalError("no answer");
  dispatcher_->Get({agent, airlock::v1::PRINCIPAL_ROLE_AGENT}, id,
                   [&](absl::StatusOr<ExecutionRecord> record) {
                     if (record.ok()) {
                       result = std::move(record->execution);
                     } else {
                       result = record.status();
                     }
                   });
  return result;
}

std::shared_ptr<FakeExecutor> DispatchFixture::NewExecutor(
    const std::string& id, char boot, std::uint32_t credits,
    std::uint32_t session_slots) {
  auto executor = std::make_shared<FakeExecutor>(*dispatcher_, id, boot);
  executor->set_session_slots(session_slots);
  executor->Connect();
  executor->GiveCredits(credits);
  executors_.push_back(executor);
  return executor;
}

Job DispatchFixture::RunNewest(FakeExecutor& executor) {
  const Job job = executor.jobs().back();
  executor.SayReady(job);
  return job;
}

Job DispatchFixture::FinishNewest(FakeExecutor& executor) {
  const Job job = RunNewest(executor);
  executor.SayEnded(job, airlock::v1::Outcome::ENDED_BY_EXITED);
  return job;
}

airlock::internal::v1::ExecutionSpec DispatchFixture::SpecOf(const Job& job) {
  airlock::internal::v1::ExecutionSpec spec;
  EXPECT_TRUE(spec.ParseFromString(job.spec()));
  return spec;
}

airlock::internal::v1::HeldJob DispatchFixture::Held(const Job& job) {
  airlock::internal::v1::HeldJob held;
  held.set_execution_id(job.execution_id());
  held.set_fence(job.fence());
  held.set_started(true);
  return held;
}

double DispatchFixture::Gauge(const std::string& name) {
  for (const prometheus::MetricFamily& family : registry_.Collect()) {
    if (family.name == name) return family.metric.at(0).gauge.value;
  }
  ADD_FAILURE() << "there is no metric " << name;
  return 0;
}

void DispatchFixture::Pass(absl::Duration by) {
  for (absl::Duration passed; passed < by; passed += absl::Seconds(1)) {
    clock_.Advance(absl::Seconds(1));
    dispatcher_->Tick();
  }
}

}  // namespace airlock::policy
