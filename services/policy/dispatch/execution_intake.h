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
#include "services/policy/dispatch/session_opener.h"
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
};

// Not thread-safe: lives inside the dispatcher's serializer. All arguments
// must outlive it.
class ExecutionIntake {
 public:
  struct Parts {
    Serializer& serializer;
    const Clock& clock;
    const Contract& contract;
    Store& store;
    ExecutionTable& table;
    FairQueue& queue;
    ExecutorPool& pool;
    SessionTable& sessions;
    SessionOpener& opener;
    ExecutionFlow& flow;
    ExecutionEnds& ends;
    PolicyMetrics& metrics;
    std::size_t kept_output_bytes;
  };
  explicit ExecutionIntake(Parts parts) : p_(parts) {}

  // Attaches the request to the execution with its id, or makes a new one:
  // decided, and waiting or denied. An error goes to the sink: ALREADY_EXISTS
  // for another request with this id, RESOURCE_EXHAUSTED for a full queue, and
  // what SessionOpener::Enter() says.
  void Accept(IncomingRequest incoming);

  // From now on only requests that came before are attached; new ones are
  // refused with UNAVAILABLE.
  void Close() { closed_ = true; }

 private:
  void AttachKnown(Execution& execution, const IncomingRequest& incoming);
  void Create(const IncomingRequest& incoming);
  // Whether one more fits, and the session it asks for; null if it asks for
  // none.
  absl::StatusOr<Session*> CheckIn(const IncomingRequest& incoming);
  Execution& Add(const IncomingRequest& incoming, const AgentContract& contract,
                 const DecisionResult& decision, Session* session);
  airlock::internal::v1::SandboxSpec SandboxFor(
      const airlock::v1::ExecuteRequest& request, const AgentContract& contract,
      const Session* session) const;

  Parts p_;
  bool closed_ = false;
};

}  // namespace airlock::policy
