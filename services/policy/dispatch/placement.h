// Which executor an execution is given to.
#pragma once

#include <string>

#include "common/time/clock.h"
#include "services/policy/dispatch/execution.h"
#include "services/policy/dispatch/executor_pool.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Finds executors, and keeps who is in which session.
//
// The first execution of a session chooses its executor, which has room for one
// more; later ones go there only, and wait for their turn. As long as nothing
// ran in a session its executor is let go when nothing is there any more.
//
// Not thread-safe: lives inside the dispatcher's serializer. All arguments must
// outlive it.
class Placement {
 public:
  Placement(ExecutorPool& pool, SessionTable& sessions)
      : pool_(pool), sessions_(sessions) {}

  // The executor that can take a waiting execution now. Null: it must wait.
  ConnectedExecutor* Choose(const Execution& execution);

  // Whether the sandbox of a placed execution is there already.
  bool HasSandbox(const Execution& execution);

  // It is given to this executor.
  void OnAssigned(Execution& execution, const ConnectedExecutor& executor);
  // It is on its executor from before a restart.
  void OnAdopted(const Execution& execution);
  // Its start is about to be recorded. Whether or not it comes to that, its
  // session counts as changed.
  void OnStarting(const Execution& execution);
  // It starts in a sandbox of the image `execution.image_id`.
  void OnStarted(const Execution& execution);
  // No executor has it any more; it waits again.
  void OnRequeued(const Execution& execution);
  // It has ended.
  void OnEnded(const Execution& execution);

  // The session of an execution. Null: it has none, or that is forgotten.
  Session* SessionOf(const Execution& execution);

  // The executor that has the sandbox of a session, or makes it. Null: there is
  // none, or it is not connected.
  ConnectedExecutor* ExecutorOf(const Session& session);

  // Tells the executor of a session to remove it, if it is connected; else it
  // hears of that when it comes back.
  void EndAtExecutor(const Session& session);

 private:
  void TakeOut(Session& session, const Execution& execution);

  ExecutorPool& pool_;
  SessionTable& sessions_;
};

// A session as it will be when this execution has started in it.
airlock::internal::v1::StoredSession StartedSession(const Session& session,
                                                    const Execution& execution);

// Removes a session that this executor has.
airlock::internal::v1::ConnectResponse EndSessionMessage(
    const std::string& session_id);

}  // namespace airlock::policy
