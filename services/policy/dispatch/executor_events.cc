#include "services/policy/dispatch/executor_events.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/dispatch/executor_hello.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ConnectRequest;
using airlock::internal::v1::ConnectResponse;
using airlock::internal::v1::HeldJob;
using airlock::internal::v1::JobEnded;

// More credit than this is no executor's: it bounds what one can be sent.
constexpr std::uint32_t kMaxCredits = 10'000;
// It is kept, and told to operators together with those of all the others.
constexpr std::size_t kMaxStatusBytes = std::size_t{32} << 10;

}  // namespace

void ExecutorEvents::OnMessage(LinkId link,
                               const std::shared_ptr<ExecutorChannel>& channel,
                               ConnectRequest message) {
  ConnectedExecutor* executor = p_.pool.Find(link);
  if (executor == nullptr) {
    if (message.has_hello()) {
      OnHello(link, channel, message.hello());
    } else {
      channel->Close(MakeError(absl::StatusCode::kFailedPrecondition,
                               "HELLO_EXPECTED",
                               "the first message of a link must be hello"));
    }
    return;
  }
  executor->last_contact = p_.clock.Monotonic();
  switch (message.message_case()) {
    case ConnectRequest::kStartCredit:
      executor->credits =
          std::min(kMaxCredits,
                   executor->credits +
                       std::min(kMaxCredits, message.start_credit().starts()));
      p_.flow.Pump();
      return;
    case ConnectRequest::kHeartbeat: {
      ConnectResponse answer;
      answer.mutable_heartbeat_ack()->set_sequence(
          message.heartbeat().sequence());
      channel->Send(std::move(answer));
      return;
    }
    case ConnectRequest::kJobProgress:
    case ConnectRequest::kJobReady:
    case ConnectRequest::kProcessStarted:
    case ConnectRequest::kOutput:
    case ConnectRequest::kInputCredit:
    case ConnectRequest::kJobEnded:
      OnJobMessage(*executor, message);
      return;
    case ConnectRequest::kSessionEnded:
      p_.sessions.OnSessionEnded(*executor, message.session_ended());
      return;
    case ConnectRequest::kDraining:
      executor->draining = true;
      return;
    case ConnectRequest::kImagesChanged:
      executor->images = ImagesById(message.images_changed().images());
      return;
    case ConnectRequest::kStatus:
      OnStatus(*executor, *message.mutable_status());
      return;
    case ConnectRequest::kHello:
    case ConnectRequest::MESSAGE_NOT_SET:
      channel->Close(
          MakeError(absl::StatusCode::kInvalidArgument, "UNEXPECTED_MESSAGE",
                    "a message of this kind is unknown or out of place here"));
      return;
  }
}

void ExecutorEvents::OnJobMessage(ConnectedExecutor& executor,
                                  ConnectRequest& message) {
  switch (message.message_case()) {
    case ConnectRequest::kJobProgress:
      if (Execution* job = JobOf(executor, message.job_progress())) {
        p_.flow.OnProgress(*job, message.job_progress().progress());
      }
      return;
    case ConnectRequest::kJobReady:
      if (Execution* job = JobOf(executor, message.job_ready())) {
        p_.flow.OnReady(*job, message.job_ready().image_id());
      }
      return;
    case ConnectRequest::kOutput:
      if (Execution* job = JobOf(executor, message.output())) {
        p_.flow.OnOutput(*job,
                         std::move(*message.mutable_output()->mutable_chunk()));
      }
      return;
    case ConnectRequest::kProcessStarted:
      if (Execution* job = JobOf(executor, message.process_started())) {
        p_.input.OnProcessStarted(*job);
      }
      return;
    case ConnectRequest::kInputCredit:
      if (Execution* job = JobOf(executor, message.input_credit())) {
        p_.input.OnCredit(*job, message.input_credit());
      }
      return;
    case ConnectRequest::kJobEnded:
      OnJobEnded(executor, message.job_ended());
      return;
    default:
      return;
  }
}

void ExecutorEvents::OnStatus(ConnectedExecutor& executor,
                              airlock::internal::v1::ExecutorStatus& status) {
  if (status.ByteSizeLong() > kMaxStatusBytes) {
    executor.channel->Close(
        MakeError(absl::StatusCode::kInvalidArgument, "STATUS_TOO_LARGE",
                  absl::StrCat("status must have at most ", kMaxStatusBytes,
                               " bytes: got ", status.ByteSizeLong())));
    return;
  }
  executor.status = std::move(status);
}

template <typename Message>
Execution* ExecutorEvents::JobOf(const ConnectedExecutor& executor,
                                 const Message& message) {
  Execution* execution = p_.table.Find(message.execution_id());
  if (execution == nullptr || !execution->assignment.has_value() ||
      execution->assignment->link != executor.link ||
      execution->assignment->fence != message.fence()) {
    return nullptr;
  }
  return execution;
}

void ExecutorEvents::OnJobEnded(ConnectedExecutor& executor,
                                const JobEnded& ended) {
  if (Execution* job = JobOf(executor, ended)) {
    p_.flow.OnJobEnded(*job, ended);
    p_.sessions.OnJobEnded(executor, *job, ended);
    p_.flow.Pump();
    return;
  }
  // Nobody waits for it any more: it was requeued, or its outcome had to be
  // called unknown. The executor may forget it.
  p_.metrics.CountLateReport();
  LogWarning("late report of a job",
             {{"execution_id", ended.execution_id()},
              {"executor_id", executor.id},
              {"ended_by", airlock::v1::Outcome::EndedBy_Name(
                               ended.outcome().ended_by())}});
  if (ended.outcome().ended_by() !=
      airlock::v1::Outcome::ENDED_BY_NOT_STARTED) {
    Transaction late;
    late.audit.push_back(LateReportEntry(ended.execution_id(), executor.id,
                                         ended.outcome().ended_by(),
                                         p_.clock.Now()));
    p_.journal.Note(std::move(late));
  }
  ConnectResponse answer;
  answer.mutable_end_ack()->set_execution_id(ended.execution_id());
  answer.mutable_end_ack()->set_fence(ended.fence());
  executor.channel->Send(std::move(answer));
}

void ExecutorEvents::OnHello(LinkId link,
                             const std::shared_ptr<ExecutorChannel>& channel,
                             const Hello& hello) {
  if (const absl::Status status = CheckHello(hello); !status.ok()) {
    channel->Close(status);
    return;
  }
  Replace(hello);
  ConnectedExecutor executor = ExecutorFromHello(hello);
  executor.link = link;
  executor.last_contact = p_.clock.Monotonic();
  executor.channel = channel;
  p_.roster.OnConnected(executor);
  p_.pool.Add(std::move(executor));
  LogInfo("executor connected", {{"executor_id", hello.executor_id()},
                                 {"backend", hello.backend()},
                                 {"version", hello.version()}});

  ConnectResponse welcome;
  welcome.mutable_welcome()->set_protocol_version(kProtocolVersion);
  welcome.mutable_welcome()->set_policy_id(p_.policy_id);
  *welcome.mutable_welcome()->mutable_heartbeat_interval() =
      ToProto(times_.heartbeat);
  *welcome.mutable_welcome()->mutable_lease() = ToProto(times_.lease);
  channel->Send(std::move(welcome));
  TakeBackJobs(link, hello);
  p_.sessions.TakeBack(*p_.pool.Find(link), hello);
  UpdateMetrics();
  p_.flow.Pump();
}

void ExecutorEvents::Replace(const Hello& hello) {
  ConnectedExecutor* old = p_.pool.FindById(hello.executor_id());
  if (old == nullptr) return;
  const std::shared_ptr<ExecutorChannel> channel = old->channel;
  OnClosed(old->link);
  channel->Close(MakeError(absl::StatusCode::kAborted, "REPLACED",
                           absl::StrCat("executor ", hello.executor_id(),
                                        " has opened another link")));
}

void ExecutorEvents::TakeBackJobs(LinkId link, const Hello& hello) {
  ConnectedExecutor& executor = *p_.pool.Find(link);
  for (const HeldJob& held : hello.held_jobs()) OnHeldJob(executor, held);
  // A started job of this executor that it does not hold. If it was started
  // anew, the process may have run, and nobody can tell any more.
  std::vector<Execution*> gone;
  p_.table.ForEach([&](Execution& execution) {
    if (execution.phase == Phase::kRunning &&
        execution.assignment->executor_id == hello.executor_id() &&
        execution.assignment->link != link) {
      gone.push_back(&execution);
    }
  });
  for (Execution* execution : gone) {
    if (execution->assignment->boot_nonce == hello.boot_nonce()) {
      p_.flow.OnNeverArrived(*execution);
      continue;
    }
    p_.flow.OutcomeUnknown(*execution,
                           "its executor was restarted while it ran");
    p_.sessions.OnOutcomeUnknown(*execution);
  }
}

void ExecutorEvents::OnHeldJob(ConnectedExecutor& executor,
                               const HeldJob& held) {
  Execution* execution = p_.table.Find(held.execution_id());
  if (execution != nullptr && execution->assignment.has_value() &&
      execution->assignment->executor_id == executor.id &&
      execution->assignment->boot_nonce == executor.boot_nonce &&
      execution->assignment->fence == held.fence() &&
      (execution->phase == Phase::kRunning ||
       execution->phase == Phase::kEnding ||
       execution->phase == Phase::kEnded)) {
    p_.flow.OnLinkBack(*execution, executor.link, held);
    p_.input.OnLinkBack(*execution);
    return;
  }
  ConnectResponse answer;
  answer.mutable_cancel_job()->set_execution_id(held.execution_id());
  answer.mutable_cancel_job()->set_fence(held.fence());
  executor.channel->Send(std::move(answer));
}

void ExecutorEvents::OnClosed(LinkId link) {
  ConnectedExecutor* executor = p_.pool.Find(link);
  if (executor == nullptr) return;
  LogWarning("executor disconnected", {{"executor_id", executor->id}});
  p_.roster.OnDisconnected(*executor);
  p_.sessions.OnExecutorGone(*executor);
  p_.pool.Remove(link);
  std::vector<Execution*> jobs;
  p_.table.ForEach([&](Execution& execution) {
    if (execution.assignment.has_value() &&
        execution.assignment->link == link) {
      jobs.push_back(&execution);
    }
  });
  for (Execution* execution : jobs) p_.flow.OnLinkLost(*execution);
  UpdateMetrics();
}

void ExecutorEvents::Tick() {
  const absl::Duration silent_since =
      p_.clock.Monotonic() - 3 * times_.heartbeat;
  std::vector<std::pair<LinkId, std::shared_ptr<ExecutorChannel>>> silent;
  for (const auto& [link, executor] : p_.pool.all()) {
    if (executor.last_contact < silent_since) {
      silent.emplace_back(link, executor.channel);
    }
  }
  for (const auto& [link, channel] : silent) {
    OnClosed(link);
    channel->Close(MakeError(absl::StatusCode::kUnavailable, "LINK_SILENT",
                             "nothing was heard for three heartbeats"));
  }
}

void ExecutorEvents::UpdateMetrics() {
  std::size_t slots = 0;
  for (const auto& [link, executor] : p_.pool.all()) slots += executor.slots;
  p_.metrics.SetExecutors(p_.pool.all().size(), slots);
}

}  // namespace airlock::policy
