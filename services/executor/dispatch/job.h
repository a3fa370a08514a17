// One job's life on this executor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/concurrency/worker_pool.h"
#include "common/time/clock.h"
#include "services/executor/dispatch/grant_verifier.h"
#include "services/executor/dispatch/held_sessions.h"
#include "services/executor/dispatch/job_input.h"
#include "services/executor/dispatch/job_output.h"
#include "services/executor/dispatch/policy_connection.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/sandbox_reaper.h"
#include "services/executor/sandbox/warm_pool.h"

namespace airlock::executor {

// Execution id and fence.
using JobKey = std::pair<std::string, std::uint64_t>;

// What every job works with. All references must outlive the jobs.
struct JobServices {
  SandboxBackend& backend;
  // Sandboxes that wait: asked before one is created.
  WarmPool& warm_pool;
  // Where sandboxes are created.
  WorkerPool& creators;
  SandboxReaper& reaper;
  const GrantVerifier& grants;
  const Clock& clock;
  ExecutorMetrics& metrics;
  // The longest time a sandbox may take to be there.
  absl::Duration create_timeout = absl::Minutes(10);
  // Set by the table, as the rest below.
  std::shared_ptr<HeldSessions> sessions;
  // Runs a function where jobs live, later, one at a time; does nothing when
  // that place is gone.
  std::function<void(std::function<void()>)> post;
  // The job may be finished, or something about it has changed.
  std::function<void(const JobKey&)> on_change;
  // The backend failed in a way that another job may meet too.
  std::function<void()> on_backend_trouble;
};

// A job from its receipt until the policy has recorded its end and nothing of
// it is left. Every method is called where `post` runs functions.
//
// Only HandleGrant() starts a process, at most once and only after the grant
// was verified. A job that has ended stays ended: whatever comes later changes
// nothing.
class Job : public std::enable_shared_from_this<Job> {
 public:
  // `job` is what the policy sent over `link`. `services` must outlive it.
  Job(JobServices& services, std::size_t link, const internal::v1::Job& job);

  // Checks the spec and prepares a sandbox; or ends the job.
  void Prepare(const internal::v1::Job& job);
  // Ends the job, which must not have a sandbox yet.
  void Refuse(absl::string_view reason, absl::string_view message,
              bool retriable);
  // Starts the process if everything fits, else ends the job. A second grant
  // changes nothing.
  void HandleGrant(const internal::v1::Grant& grant,
                   absl::Duration received_at);
  void HandleCredit(const internal::v1::OutputCredit& credit);
  void HandleResume(const internal::v1::ResumeOutput& resume);
  // More input for the process. What was received before is skipped; a gap, or
  // what comes after the end, is ignored; more than the credit ends the job.
  void HandleInput(const internal::v1::Input& input);
  // The end is recorded. Ignored while the job has not ended.
  void HandleEndAck();
  // Kills the process, or ends the job before it starts. `reason` goes into
  // the outcome.
  void Cancel(absl::string_view reason, bool retriable);

  // A new stream to the job's policy is open: says again where it stands.
  void Attach(std::shared_ptr<PolicyConnection> connection);
  // The stream broke: what comes is kept.
  void Detach();
  // Looks at the time. Called every second or so.
  void Tick();

  const JobKey& key() const { return key_; }
  std::size_t link() const { return link_; }
  // The id of its session; empty if it has none.
  const std::string& session() const { return spec_.session(); }
  // Whether a process was started, or nobody knows.
  bool started() const { return run_at_.has_value(); }
  bool ended() const { return state_ == State::kEnded; }
  // Whether its process was told to end.
  bool ending() const { return !cancel_reason_.empty(); }
  // Whether its end is recorded and nothing of it is left.
  // The first byte of its output that can still be sent.
  std::uint64_t kept_from(Stream stream) const {
    return output_.kept_from(stream);
  }
  bool finished() const { return acknowledged_ && !alive(); }
  // Whether something of it is left: a process or a sandbox, or one to come.
  bool alive() const {
    return !ended() || creating_ || destroying_ || sandbox_ != nullptr;
  }

 private:
  enum class State { kPreparing, kReady, kRunning, kEnded };
  class ProcessEvents;

  // Takes the sandbox of its session, or makes it if it may.
  void EnterSession(bool opens);
  void LoseSession();
  SessionUse Use() const;
  void Create();
  // A new sandbox is there, for the job or for its session.
  void HandleSandbox(std::shared_ptr<Sandbox> sandbox);
  void BecomeReady(std::shared_ptr<Sandbox> sandbox);
  void HandleCreated(absl::StatusOr<std::unique_ptr<Sandbox>> sandbox,
                     absl::Duration took);
  void RunIfPossible();
  void Run();
  void HandleStarted();
  void HandleOutput(Stream stream, absl::string_view data);
  void HandleInputCredit(std::uint64_t limit_bytes);
  void SendInputCredit();
  void HandleProcessEnd(const ProcessEnd& end);
  void End(airlock::v1::Outcome outcome, bool retriable);
  void ReleaseSandbox();
  void SendReady();
  void SendStarted();
  void SendOutput();
  void SendEnded();
  void Send(internal::v1::ConnectRequest message);
  // Sets execution id and fence of a message about this job.
  template <typename Message>
  Message* Address(Message* message) const;

  JobServices& services_;
  const std::size_t link_;
  const JobKey key_;
  const std::string digest_;
  // Whether the grant came with the job.
  const bool has_grant_;
  internal::v1::ExecutionSpec spec_;
  SandboxSpec sandbox_spec_;
  ProcessSpec process_spec_;
  State state_ = State::kPreparing;
  std::shared_ptr<PolicyConnection> connection_;
  std::shared_ptr<Sandbox> sandbox_;
  // Set by Run().
  std::shared_ptr<SandboxProcess> process_;
  JobInput input_;
  bool creating_ = false;
  bool destroying_ = false;
  // Whether `sandbox_` is its session's, and not its own.
  bool in_session_ = false;
  bool session_lost_ = false;
  // When Run() was called, on the monotonic clock.
  std::optional<absl::Duration> run_at_;
  bool process_started_ = false;
  absl::Duration kill_grace_;
  // When a process that should be gone costs the sandbox.
  absl::Duration force_at_ = absl::InfiniteDuration();
  std::string cancel_reason_;
  JobOutput output_;
  // Set on a new stream: nothing is sent before ResumeOutput, or this time.
  std::optional<absl::Duration> resume_by_;
  airlock::v1::Outcome outcome_;
  bool retriable_ = false;
  // On this stream.
  bool end_sent_ = false;
  bool acknowledged_ = false;
};

}  // namespace airlock::executor
