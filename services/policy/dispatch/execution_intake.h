// How a request becomes an execution, or finds the one it became before.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "airlock/internal/v1/spec.pb.h"
#include "airlock/v1/execution.pb.h"
#include "common/concurrency/serializer.h"
#include "common/config/contract.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/event_sink.h"
#include "services/policy/dispatch/execution_flow.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/dispatch/fair_queue.h"
#include "services/policy/dispatch/question_opener.h"
#include "services/policy/dispatch/session_opener.h"
#include "services/policy/dispatch/standing_flow.h"
#include "services/policy/engine/decide.h"
#include "services/policy/policy_metrics.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Nothing new is taken any more. UNAVAILABLE.
absl::Status DrainingError();

// A valid request on its way in.
struct IncomingRequest {
  WatcherId watcher = 0;
  std::string agent;
  airlock::v1::ExecuteRequest request;
  // SHA-256 of it without its id.
  std::string hash;
  std::shared_ptr<EventSink> sink;
  // Who asks in the name of the agent, only to look; empty: the agent does.
  // Nothing is decided then: what an approver may see is no question of what
  // the agent may do.
  std::string asked_by;
};

// Not thread-safe: lives inside the dispatcher's serializer. All arguments
// must outlive it.
class ExecutionIntake {
 public:
  struct Parts {
    Serializer& serializer;
    const Clock& clock;
    const PolicySource& policy;
    Store& store;
    Journal& journal;
    ExecutionTable& table;
    FairQueue& queue;
    ExecutorPool& pool;
    SessionTable& sessions;
    SessionOpener& opener;
    ExecutionFlow& flow;
    ExecutionEnds& ends;
    ApprovalFlow& approvals;
    StandingFlow& standing;
    QuestionOpener& questions;
    PolicyMetrics& metrics;
    std::size_t kept_output_bytes;
  };
  explicit ExecutionIntake(Parts parts) : p_(parts) {}

  // Attaches the request to the execution with its id, or makes a new one:
  // decided, and waiting or denied. An error goes to the sink: ALREADY_EXISTS
  // for another request with this id, RESOURCE_EXHAUSTED for a full queue or
  // too many open questions, UNAVAILABLE while the store cannot be written to,
  // and what SessionOpener::Enter() says.
  void Accept(IncomingRequest incoming);

  // From now on only requests that came before are attached; new ones are
  // refused with UNAVAILABLE.
  void Close() { closed_ = true; }

 private:
  void AttachKnown(Execution& execution, const IncomingRequest& incoming);
  void Create(const IncomingRequest& incoming);
  // What follows from a decision, once the request is in.
  enum class Course { kEnd, kAsk, kQueue };
  static Course CourseOf(Effect effect);
  // Whether one more fits, and the session it asks for; null if it asks for
  // none.
  absl::StatusOr<Session*> CheckIn(const IncomingRequest& incoming,
                                   const AgentContract& contract,
                                   Course course);
  Execution& Add(const IncomingRequest& incoming, const LoadedPolicy& policy,
                 const DecisionResult& decision, Session* session);
  // Whether one more fits that takes this course.
  absl::Status CheckRoom(const std::string& agent,
                         const AgentContract& contract, Course course) const;
  // The course of what would ask a human where a permission may cover it, if
  // one more fits that takes it.
  absl::StatusOr<Course> CourseByPermission(Execution& execution,
                                            const AgentContract& contract,
                                            const DecisionResult& decision);
  // What was decided is told.
  void NoteDecision(Execution& execution, const IncomingRequest& incoming);
  // What its sandbox may use: that of `session`, or one of its own.
  airlock::internal::v1::SandboxSpec FreezeFor(
      const airlock::v1::ExecuteRequest& request, const AgentContract& contract,
      const Session* session) const;

  Parts p_;
  bool closed_ = false;
};

}  // namespace airlock::policy
