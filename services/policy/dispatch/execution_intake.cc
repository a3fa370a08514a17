#include "services/policy/dispatch/execution_intake.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/security/digest.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/dispatch/execution_id.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/sandbox_limits.h"

namespace airlock::policy {
namespace {

using airlock::v1::ActionKind;
using airlock::v1::ExecuteRequest;
using PublicExecution = airlock::v1::Execution;

// The oneof of an action has the numbers of its kinds.
ActionKind KindOf(const airlock::v1::Action& action) {
  return static_cast<ActionKind>(action.kind_case());
}

absl::Status ReusedIdError(absl::string_view request_id) {
  return MakeError(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   absl::StrCat("request_id \"", request_id,
                                "\" was used with another request; a new "
                                "request needs a new id"),
                   {{"request_id", std::string(request_id)}});
}

PublicExecution NewRecord(const IncomingRequest& incoming,
                          const airlock::internal::v1::SandboxSpec& sandbox,
                          const DecisionResult& decision, absl::Time now) {
  PublicExecution record;
  record.set_id(NewExecutionId(now));
  record.set_request_id(incoming.request.request_id());
  record.set_agent(incoming.agent);
  record.set_action_kind(KindOf(incoming.request.action()));
  record.set_state(decision.effect == Effect::kRequireApproval
                       ? PublicExecution::STATE_AWAITING_APPROVAL
                       : PublicExecution::STATE_QUEUED);
  *record.mutable_decision() = DecisionToProto(decision);
  *record.mutable_create_time() = ToProto(now);
  record.set_backend(sandbox.backend());
  record.set_image(sandbox.image());
  record.set_session(incoming.request.session());
  record.set_asked_by(incoming.asked_by);
  return record;
}

DecisionResult DecideFor(const IncomingRequest& incoming,
                         const AgentContract& contract) {
  if (incoming.asked_by.empty()) {
    return Decide(contract,
                  FactsFromAction(incoming.request.action(), incoming.agent));
  }
  DecisionResult look;
  look.effect = Effect::kAllow;
  look.reason = "APPROVER_LOOKS";
  look.explanation = "somebody looks at what an approval is about";
  return look;
}

}  // namespace

absl::Status DrainingError() {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kUnavailable, "POLICY_DRAINING",
                "this policy service is stopping; try again"),
      absl::Seconds(1));
}

void ExecutionIntake::Accept(IncomingRequest incoming) {
  const std::string& request_id = incoming.request.request_id();
  if (Execution* known = p_.table.FindRequest(incoming.agent, request_id)) {
    AttachKnown(*known, incoming);
    return;
  }
  p_.store.FindRequest(
      incoming.agent, request_id,
      [this, incoming](absl::StatusOr<std::optional<ExecutionRecord>> found) {
        p_.serializer.Submit([this, incoming, found]() mutable {
          // Another one with this id may have come while the store was asked.
          Execution* known = p_.table.FindRequest(
              incoming.agent, incoming.request.request_id());
          if (!found.ok()) {
            incoming.sink->Finish(found.status());
          } else if (known != nullptr) {
            AttachKnown(*known, incoming);
          } else if (found->has_value()) {
            AttachKnown(p_.table.Restore(**std::move(found)), incoming);
            p_.table.DropOldest();
          } else {
            Create(incoming);
          }
        });
      });
}

void ExecutionIntake::AttachKnown(Execution& execution,
                                  const IncomingRequest& incoming) {
  if (execution.record.request_hash != incoming.hash) {
    incoming.sink->Finish(ReusedIdError(incoming.request.request_id()));
    return;
  }
  WatchOptions options;
  options.holds_credit = true;
  options.cancel_on_disconnect = incoming.request.cancel_on_disconnect();
  p_.table.Attach(execution, incoming.watcher, incoming.sink, options,
                  p_.clock.Now());
}

void ExecutionIntake::Create(const IncomingRequest& incoming) {
  if (closed_) {
    incoming.sink->Finish(DrainingError());
    return;
  }
  if (absl::Status writable = p_.journal.CheckWritable(); !writable.ok()) {
    incoming.sink->Finish(writable);
    return;
  }
  // It would have been cancelled at once.
  if (incoming.request.cancel_on_disconnect() && incoming.sink->closed())
    return;
  const std::shared_ptr<const LoadedPolicy> policy = p_.policy.Current();
  const AgentContract& contract = policy->contract->ForAgent(incoming.agent);
  const DecisionResult decision = DecideFor(incoming, contract);
  Course course = CourseOf(decision.effect);
  Session* session = nullptr;
  if (course != Course::kEnd) {
    const absl::StatusOr<Session*> entered =
        CheckIn(incoming, contract, course);
    if (!entered.ok()) {
      incoming.sink->Finish(entered.status());
      return;
    }
    session = *entered;
  }
  Execution& execution = Add(incoming, *policy, decision, session);
  if (course == Course::kAsk && p_.standing.MayCover(incoming.agent)) {
    const absl::StatusOr<Course> taken =
        CourseByPermission(execution, contract, decision);
    if (!taken.ok()) {
      incoming.sink->Finish(taken.status());
      p_.ends.Forget(execution, taken.status());
      return;
    }
    course = *taken;
  }
  NoteDecision(execution, incoming);
  AttachKnown(execution, incoming);
  switch (course) {
    case Course::kQueue:
      p_.flow.Enqueue(execution);
      return;
    case Course::kAsk:
      p_.questions.Open(execution, contract, decision.required_approvals);
      return;
    case Course::kEnd:
      p_.ends.EndUnstarted(execution, PublicExecution::STATE_DENIED,
                           decision.reason);
      return;
  }
}

ExecutionIntake::Course ExecutionIntake::CourseOf(Effect effect) {
  switch (effect) {
    case Effect::kAllow:
      return Course::kQueue;
    case Effect::kRequireApproval:
      return Course::kAsk;
    case Effect::kDeny:
      break;
  }
  return Course::kEnd;
}

absl::StatusOr<ExecutionIntake::Course> ExecutionIntake::CourseByPermission(
    Execution& execution, const AgentContract& contract,
    const DecisionResult& decision) {
  Course course = Course::kAsk;
  // What a human has refused by itself is refused, whatever was permitted.
  const bool refused =
      p_.approvals.RejectedBefore(execution.agent(), ActionHash(execution.spec))
          .has_value();
  if (!refused && p_.standing.Let(execution, contract, decision)) {
    execution.phase = Phase::kQueued;
    course = Course::kQueue;
  }
  const absl::Status room = CheckRoom(execution.agent(), contract, course);
  if (!room.ok()) return room;
  return course;
}

absl::Status ExecutionIntake::CheckRoom(const std::string& agent,
                                        const AgentContract& contract,
                                        Course course) const {
  return course == Course::kAsk
             ? p_.approvals.CheckRoom(agent, contract.approval)
             : p_.queue.CheckRoom(agent);
}

absl::StatusOr<Session*> ExecutionIntake::CheckIn(
    const IncomingRequest& incoming, const AgentContract& contract,
    Course course) {
  // With a permission it may turn out to be another course.
  const bool open =
      course == Course::kAsk && p_.standing.MayCover(incoming.agent);
  const absl::Status room =
      open ? absl::OkStatus() : CheckRoom(incoming.agent, contract, course);
  if (!room.ok()) return room;
  if (incoming.request.session().empty()) return nullptr;
  return p_.opener.Enter(incoming.agent, incoming.request);
}

Execution& ExecutionIntake::Add(const IncomingRequest& incoming,
                                const LoadedPolicy& policy,
                                const DecisionResult& decision,
                                Session* session) {
  const AgentContract& contract = policy.contract->ForAgent(incoming.agent);
  airlock::internal::v1::SandboxSpec sandbox =
      FreezeFor(incoming.request, contract, session);
  ExecutionRecord record;
  record.execution = NewRecord(incoming, sandbox, decision, p_.clock.Now());
  record.request_hash = incoming.hash;
  if (session != nullptr) {
    record.execution.set_session_generation(session->record.generation());
  }
  FrozenSpec spec =
      FreezeSpec(record.execution.id(), incoming.agent, incoming.request,
                 contract, std::move(sandbox), session);
  record.execution.set_digest(HexEncode(spec.digest));
  Execution& execution = p_.table.Add(std::make_unique<Execution>(
      std::move(record), p_.kept_output_bytes,
      AcceptsLaterInput(incoming.request.action())));
  execution.spec = std::move(spec.bytes);
  execution.digest = std::move(spec.digest);
  execution.policy_version = policy.version;
  if (decision.effect == Effect::kRequireApproval) {
    execution.phase = Phase::kAwaitingApproval;
  }
  execution.accepted_at = p_.clock.Monotonic();
  execution.queue_timeout = contract.sandbox.queue_timeout;
  execution.queue_deadline = execution.accepted_at + execution.queue_timeout;
  if (session != nullptr) {
    execution.session_id = session->id();
    p_.sessions.Enter(*session, execution.id());
  }
  return execution;
}

void ExecutionIntake::NoteDecision(Execution& execution,
                                   const IncomingRequest& incoming) {
  const PublicExecution& record = execution.record.execution;
  const airlock::v1::Decision& decision = record.decision();
  p_.metrics.CountDecision(record.action_kind(), decision);
  LogInfo("execution decided", {{"execution_id", record.id()},
                                {"agent", incoming.agent},
                                {"reason", decision.reason()},
                                {"rule", decision.rule()}});
  execution.request_entry =
      RequestEntry(record, incoming.request, execution.policy_version);
}

airlock::internal::v1::SandboxSpec ExecutionIntake::FreezeFor(
    const ExecuteRequest& request, const AgentContract& contract,
    const Session* session) const {
  if (session != nullptr) return session->sandbox;
  const SandboxSettings settings =
      SandboxFor(request.action(), contract.sandbox);
  return FreezeSandbox(NarrowSandbox(settings, request.limits()),
                       p_.pool.ImageId(settings.backend, settings.image));
}

}  // namespace airlock::policy
