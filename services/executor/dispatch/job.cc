#include "services/executor/dispatch/job.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "services/executor/dispatch/action_name.h"
#include "services/executor/dispatch/file_action.h"
#include "services/executor/dispatch/outcome.h"
#include "services/executor/dispatch/process_spec.h"

namespace airlock::executor {
namespace {

using internal::v1::ConnectRequest;

// What the runner may need beyond timeout and grace before the executor takes
// the sandbox away.
constexpr absl::Duration kKillSlack = absl::Seconds(15);
// How long a new stream waits for ResumeOutput before it sends what it has.
constexpr absl::Duration kResumeWait = absl::Seconds(5);

}  // namespace

// Carries what a process does to where its job lives. The job may be gone.
class Job::ProcessEvents final : public ProcessObserver {
 public:
  explicit ProcessEvents(const std::shared_ptr<Job>& job)
      : job_(job), post_(job->services_.post) {}

  void OnStarted() override {
    Post([](Job& job) { job.HandleStarted(); });
  }
  void OnOutput(Stream stream, absl::string_view data) override {
    Post([stream, text = std::string(data)](Job& job) {
      job.HandleOutput(stream, text);
    });
  }
  void OnInputCredit(std::uint64_t limit_bytes) override {
    Post([limit_bytes](Job& job) { job.HandleInputCredit(limit_bytes); });
  }
  void OnEnded(const ProcessEnd& end) override {
    Post([end](Job& job) { job.HandleProcessEnd(end); });
  }

 private:
  void Post(std::function<void(Job&)> event) {
    post_([weak = job_, event = std::move(event)] {
      if (const auto job = weak.lock()) event(*job);
    });
  }

  const std::weak_ptr<Job> job_;
  const std::function<void(std::function<void()>)> post_;
};

Job::Job(JobServices& services, std::size_t link, const internal::v1::Job& job)
    : services_(services),
      link_(link),
      key_(job.execution_id(), job.fence()),
      digest_(job.digest()),
      has_grant_(job.has_grant()) {}

template <typename Message>
Message* Job::Address(Message* message) const {
  message->set_execution_id(key_.first);
  message->set_fence(key_.second);
  return message;
}

void Job::Prepare(const internal::v1::Job& job) {
  auto spec = SpecFromJob(job);
  if (!spec.ok()) {
    LogWarning("job was refused",
               {{"execution_id", key_.first}, {"error", spec.status()}});
    Refuse(ErrorReason(spec.status()), spec.status().message(), false);
    return;
  }
  spec_ = *std::move(spec);
  if (spec_.sandbox().backend() != services_.backend.name()) {
    Refuse("BACKEND_MISMATCH", "this executor has another backend", true);
    return;
  }
  auto sandbox = SandboxSpecFromProto(spec_.sandbox());
  auto process = ProcessSpecFromExecution(spec_);
  if (!sandbox.ok() || !process.ok()) {
    const absl::Status& status =
        sandbox.ok() ? process.status() : sandbox.status();
    Refuse(ErrorReason(status), status.message(), false);
    return;
  }
  sandbox_spec_ = *std::move(sandbox);
  sandbox_spec_.parallel = spec_.session_parallel();
  process_spec_ = *std::move(process);
  process_spec_.output_credit_bytes = kInitialOutputCredit;
  if (spec_.session().empty()) {
    Create();
  } else {
    EnterSession(job.opens_session());
  }
}

void Job::EnterSession(bool opens) {
  auto sandbox = services_.sessions->Enter(Use());
  if (sandbox.ok()) {
    in_session_ = true;
    BecomeReady(*std::move(sandbox));
  } else if (absl::IsNotFound(sandbox.status()) && opens) {
    Create();
  } else {
    session_lost_ = absl::IsNotFound(sandbox.status());
    Refuse(ErrorReason(sandbox.status()), sandbox.status().message(), false);
  }
}

SessionUse Job::Use() const {
  return {.id = spec_.session(),
          .agent = spec_.agent(),
          .link = link_,
          .spec = sandbox_spec_};
}

void Job::Refuse(absl::string_view reason, absl::string_view message,
                 bool retriable) {
  End(NotStarted(reason, message), retriable);
}

void Job::Create() {
  if (auto warm = services_.warm_pool.Claim(sandbox_spec_)) {
    HandleSandbox(std::move(warm));
    return;
  }
  // The worker blocks on the backend, so it must touch nothing of the job but
  // what it carries.
  auto work = [self = shared_from_this(), &services = services_,
               spec = sandbox_spec_] {
    const ProgressFunction progress = [&](absl::string_view step,
                                          std::uint64_t current,
                                          std::uint64_t total) {
      ConnectRequest message;
      auto* tell = self->Address(message.mutable_job_progress());
      tell->mutable_progress()->set_step(std::string(step));
      tell->mutable_progress()->set_current_bytes(current);
      tell->mutable_progress()->set_total_bytes(total);
      services.post([self, message = std::move(message)] {
        if (!self->ended()) self->Send(message);
      });
    };
    const absl::Duration begin = services.clock.Monotonic();
    auto created = std::make_shared<absl::StatusOr<std::unique_ptr<Sandbox>>>(
        services.backend.Create(spec, self->key_.first,
                                absl::Now() + services.create_timeout,
                                progress));
    const absl::Duration took = services.clock.Monotonic() - begin;
    services.post([self, created, took] {
      self->HandleCreated(std::move(*created), took);
    });
  };
  creating_ = services_.creators.TrySubmit(std::move(work));
  if (!creating_) {
    Refuse("EXECUTOR_BUSY", "too many sandboxes are being made", true);
  }
}

void Job::HandleCreated(absl::StatusOr<std::unique_ptr<Sandbox>> sandbox,
                        absl::Duration took) {
  creating_ = false;
  services_.metrics.ObserveCreate(took, sandbox.ok());
  if (ended()) {
    // Cancelled meanwhile.
    if (sandbox.ok()) sandbox_ = *std::move(sandbox);
    ReleaseSandbox();
    services_.on_change(key_);
    return;
  }
  if (!sandbox.ok()) {
    LogWarning("sandbox could not be made",
               {{"execution_id", key_.first}, {"error", sandbox.status()}});
    CreateFailure failure = FailureFromCreate(sandbox.status());
    if (failure.retriable) services_.on_backend_trouble();
    End(std::move(failure.outcome), failure.retriable);
    return;
  }
  HandleSandbox(*std::move(sandbox));
}

void Job::HandleSandbox(std::shared_ptr<Sandbox> sandbox) {
  if (!spec_.session().empty()) {
    in_session_ = services_.sessions->Add(Use(), sandbox);
    if (!in_session_) {
      sandbox_ = std::move(sandbox);
      Refuse("SESSION_BUSY", "its session has another sandbox already", true);
      return;
    }
  }
  BecomeReady(std::move(sandbox));
}

void Job::BecomeReady(std::shared_ptr<Sandbox> sandbox) {
  sandbox_ = std::move(sandbox);
  state_ = State::kReady;
  if (!has_grant_) SendReady();
}

void Job::SendReady() {
  ConnectRequest message;
  Address(message.mutable_job_ready())->set_image_id(sandbox_->image_id());
  Send(std::move(message));
}

void Job::HandleGrant(const internal::v1::Grant& grant,
                      absl::Duration received_at) {
  const GrantSubject subject = {
      .execution_id = key_.first, .digest = digest_, .fence = key_.second};
  absl::Status status = services_.grants.Verify(grant, subject, received_at,
                                                services_.clock.Monotonic());
  if (status.ok() && state_ != State::kReady) {
    status = MakeError(absl::StatusCode::kPermissionDenied, "GRANT_INVALID",
                       "the grant is not valid here: no sandbox waits for it");
  }
  if (status.ok()) {
    RunIfPossible();
    return;
  }
  services_.metrics.CountRefusedGrant();
  LogWarning("grant was refused",
             {{"execution_id", key_.first}, {"error", status}});
  // What runs already was permitted by an earlier grant.
  if (state_ == State::kPreparing || state_ == State::kReady) {
    End(NotStarted("GRANT_INVALID", status.message()), false);
  }
}

void Job::RunIfPossible() {
  // Another job of its session may have cost the sandbox meanwhile.
  if (in_session_ && !sandbox_->usable()) {
    LoseSession();
    Refuse("SESSION_LOST", "the sandbox of its session is gone", false);
    return;
  }
  Run();
}

void Job::Run() {
  state_ = State::kRunning;
  run_at_ = services_.clock.Monotonic();
  kill_grace_ = process_spec_.kill_grace;
  if (process_spec_.accepts_later_input) input_.Accept();
  force_at_ = *run_at_ + process_spec_.timeout + kill_grace_ + kKillSlack;
  services_.metrics.AddRunning(1);
  LogInfo("process starts", {{"execution_id", key_.first}});
  process_ = sandbox_->Run(std::move(process_spec_),
                           std::make_shared<ProcessEvents>(shared_from_this()));
}

void Job::HandleStarted() {
  process_started_ = true;
  services_.metrics.ObserveStart(services_.clock.Monotonic() - *run_at_);
  SendStarted();
}

void Job::SendStarted() {
  if (!process_started_ || !input_.accepts()) return;
  ConnectRequest message;
  Address(message.mutable_process_started());
  Send(std::move(message));
}

void Job::HandleOutput(Stream stream, absl::string_view data) {
  services_.metrics.CountOutputBytes(data.size());
  output_.Append(stream, data);
  SendOutput();
}

void Job::HandleCredit(const internal::v1::OutputCredit& credit) {
  output_.Allow(credit.limit_bytes(), credit.stdout_acknowledged(),
                credit.stderr_acknowledged());
  if (state_ == State::kRunning && process_ != nullptr) {
    process_->AllowOutput(output_.sandbox_limit());
  }
  SendOutput();
}

void Job::HandleInput(const internal::v1::Input& input) {
  if (state_ != State::kRunning || process_ == nullptr) return;
  auto piece = input_.Take(input);
  if (!piece.ok()) {
    LogWarning("policy sent input that has no credit",
               {{"execution_id", key_.first}});
    Cancel("INPUT_BEYOND_CREDIT", false);
    return;
  }
  if (piece->has_value()) {
    process_->AddInput(std::move((*piece)->data), (*piece)->end);
  }
  SendInputCredit();
}

void Job::HandleInputCredit(std::uint64_t limit_bytes) {
  input_.Allow(limit_bytes);
  SendInputCredit();
}

void Job::SendInputCredit() {
  ConnectRequest message;
  auto* credit = Address(message.mutable_input_credit());
  credit->set_limit_bytes(input_.limit());
  credit->set_received_bytes(input_.received());
  Send(std::move(message));
}

void Job::HandleResume(const internal::v1::ResumeOutput& resume) {
  resume_by_.reset();
  output_.Rewind(resume.stdout_offset(), resume.stderr_offset());
  end_sent_ = false;
  SendOutput();
}

void Job::SendOutput() {
  if (connection_ == nullptr || resume_by_.has_value()) return;
  while (auto chunk = output_.TakeChunk()) {
    ConnectRequest message;
    *Address(message.mutable_output())->mutable_chunk() = *std::move(chunk);
    Send(std::move(message));
  }
  SendEnded();
}

void Job::HandleProcessEnd(const ProcessEnd& end) {
  if (ended()) return;
  services_.metrics.AddRunning(-1);
  output_.LiftCredit();
  airlock::v1::Outcome outcome = OutcomeFromProcessEnd(end);
  if (IsFileAction(spec_.action())) ExplainFileAction(outcome);
  outcome.mutable_usage()->set_stdout_bytes(output_.written(Stream::kStdout));
  outcome.mutable_usage()->set_stderr_bytes(output_.written(Stream::kStderr));
  if (end.ended_by == EndedBy::kCancelled && outcome.reason().empty()) {
    outcome.set_reason(cancel_reason_);
  }
  // What may still run in it would meet the next execution.
  if (!end.empty || end.ended_by == EndedBy::kSandboxFailed ||
      end.ended_by == EndedBy::kOutcomeUnknown) {
    LoseSession();
  }
  End(std::move(outcome), false);
}

void Job::Cancel(absl::string_view reason, bool retriable) {
  if (ended()) return;
  if (state_ != State::kRunning) {
    End(NotStarted(reason, "it was cancelled before it was started"),
        retriable);
    return;
  }
  if (cancel_reason_.empty()) cancel_reason_ = std::string(reason);
  force_at_ = std::min(force_at_,
                       services_.clock.Monotonic() + kill_grace_ + kKillSlack);
  if (process_ != nullptr) process_->Cancel();
}

void Job::End(airlock::v1::Outcome outcome, bool retriable) {
  state_ = State::kEnded;
  outcome_ = std::move(outcome);
  retriable_ = retriable;
  services_.metrics.CountExecution(ActionName(spec_.action()),
                                   services_.backend.name(),
                                   EndedByName(outcome_.ended_by()), outcome_);
  LogInfo("job ended", {{"execution_id", key_.first},
                        {"ended_by", EndedByName(outcome_.ended_by())},
                        {"reason", outcome_.reason()}});
  SendOutput();
  ReleaseSandbox();
  services_.on_change(key_);
}

void Job::SendEnded() {
  // The end follows the last byte, so that the policy has all when it records.
  if (!ended() || acknowledged_ || end_sent_ || !output_.drained()) return;
  end_sent_ = true;
  ConnectRequest message;
  auto* end = Address(message.mutable_job_ended());
  *end->mutable_outcome() = outcome_;
  end->set_retriable(retriable_);
  end->set_session_lost(session_lost_);
  Send(std::move(message));
}

void Job::LoseSession() {
  if (!in_session_) return;
  session_lost_ = true;
  in_session_ = false;
  sandbox_ = nullptr;
  services_.sessions->Drop(spec_.session());
}

void Job::ReleaseSandbox() {
  if (sandbox_ == nullptr) return;
  if (in_session_) {
    in_session_ = false;
    sandbox_ = nullptr;
    services_.sessions->Leave(spec_.session());
    return;
  }
  destroying_ = true;
  services_.reaper.Destroy(std::move(sandbox_),
                           [weak = weak_from_this(), post = services_.post] {
                             post([weak] {
                               const auto self = weak.lock();
                               if (self == nullptr) return;
                               self->destroying_ = false;
                               self->services_.on_change(self->key_);
                             });
                           });
  sandbox_ = nullptr;
}

void Job::HandleEndAck() {
  if (!ended()) return;
  acknowledged_ = true;
  services_.on_change(key_);
}

void Job::Attach(std::shared_ptr<PolicyConnection> connection) {
  connection_ = std::move(connection);
  end_sent_ = false;
  resume_by_.reset();
  if (state_ == State::kReady) SendReady();
  SendStarted();
  if (input_.accepts()) SendInputCredit();
  if (started() && !output_.acknowledged()) {
    resume_by_ = services_.clock.Monotonic() + kResumeWait;
  }
  SendOutput();
}

void Job::Detach() { connection_ = nullptr; }

void Job::Tick() {
  const absl::Duration now = services_.clock.Monotonic();
  if (resume_by_.has_value() && now >= *resume_by_) {
    resume_by_.reset();
    output_.RewindToKept();
    SendOutput();
  }
  if (state_ == State::kRunning && now >= force_at_ && sandbox_ != nullptr) {
    LogError("process outlived its time: its sandbox is removed",
             {{"execution_id", key_.first}});
    LoseSession();
    ReleaseSandbox();
  }
}

void Job::Send(ConnectRequest message) {
  if (connection_ != nullptr) connection_->Send(std::move(message));
}

}  // namespace airlock::executor
