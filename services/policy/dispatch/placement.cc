#include "services/policy/dispatch/placement.h"

#include <utility>

namespace airlock::policy {

using airlock::internal::v1::ConnectResponse;

ConnectResponse EndSessionMessage(const std::string& session_id) {
  ConnectResponse message;
  message.mutable_end_session()->set_session_id(session_id);
  return message;
}

Session* Placement::SessionOf(const Execution& execution) {
  if (execution.session_id.empty()) return nullptr;
  return sessions_.Find(execution.session_id);
}

ConnectedExecutor* Placement::ExecutorOf(const Session& session) {
  ConnectedExecutor* executor = pool_.FindById(session.record.executor_id());
  if (executor == nullptr || executor->boot_nonce != session.boot_nonce) {
    return nullptr;
  }
  return executor;
}

ConnectedExecutor* Placement::Choose(const Execution& execution) {
  const airlock::v1::Execution& record = execution.record.execution;
  if (execution.session_id.empty()) {
    return pool_.Choose(record.backend(), record.image());
  }
  const Session* session = SessionOf(execution);
  if (session == nullptr || !session->open() || !HasTurn(*session)) {
    return nullptr;
  }
  if (!session->bound()) {
    return pool_.Choose(record.backend(), record.image(),
                        [this](const ConnectedExecutor& executor) {
                          return sessions_.bound_to(executor.id) <
                                 executor.session_slots;
                        });
  }
  ConnectedExecutor* executor = ExecutorOf(*session);
  if (executor == nullptr || !executor->takes_session_work()) return nullptr;
  return executor;
}

bool Placement::HasSandbox(const Execution& execution) {
  const Session* session = SessionOf(execution);
  return session != nullptr && session->used;
}

void Placement::OnAssigned(Execution& execution,
                           const ConnectedExecutor& executor) {
  Session* session = SessionOf(execution);
  if (session == nullptr) return;
  execution.opens_session = !session->used;
  if (!session->bound()) {
    sessions_.Bind(*session, executor.id, executor.boot_nonce);
  }
  session->placed.insert(execution.id());
}

void Placement::OnAdopted(const Execution& execution) {
  Session* session = SessionOf(execution);
  if (session != nullptr) session->placed.insert(execution.id());
}

void Placement::OnStarting(const Execution& execution) {
  Session* session = SessionOf(execution);
  if (session != nullptr &&
      MayWrite(execution.record.execution.action_kind())) {
    session->record.set_generation(session->record.generation() + 1);
  }
}

void Placement::OnStarted(const Execution& execution) {
  Session* session = SessionOf(execution);
  if (session == nullptr) return;
  session->used = true;
  if (session->sandbox.image_id().empty()) {
    session->sandbox.set_image_id(execution.image_id);
  }
}

void Placement::OnRequeued(const Execution& execution) {
  Session* session = SessionOf(execution);
  if (session != nullptr) TakeOut(*session, execution);
}

void Placement::OnEnded(const Execution& execution) {
  Session* session = SessionOf(execution);
  if (session == nullptr) return;
  sessions_.Leave(*session, execution.id());
  TakeOut(*session, execution);
}

void Placement::TakeOut(Session& session, const Execution& execution) {
  const bool was_placed = session.placed.erase(execution.id()) > 0;
  if (!was_placed || !session.open() || session.used ||
      !session.placed.empty()) {
    return;
  }
  // Its executor may have made the sandbox already.
  EndAtExecutor(session);
  sessions_.Unbind(session);
}

void Placement::EndAtExecutor(const Session& session) {
  ConnectedExecutor* executor = ExecutorOf(session);
  if (executor != nullptr) {
    executor->channel->Send(EndSessionMessage(session.id()));
  }
}

airlock::internal::v1::StoredSession StartedSession(
    const Session& session, const Execution& execution) {
  airlock::internal::v1::StoredSession stored = SessionToStore(session);
  stored.set_used(true);
  if (stored.sandbox().image_id().empty()) {
    stored.mutable_sandbox()->set_image_id(execution.image_id);
  }
  return stored;
}

}  // namespace airlock::policy
