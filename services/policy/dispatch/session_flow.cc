#include "services/policy/dispatch/session_flow.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/logging/log.h"
#include "services/policy/audit/audit_entries.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::Hello;
using airlock::internal::v1::JobEnded;
using airlock::v1::Outcome;
using PublicSession = airlock::v1::Session;

constexpr std::size_t kMaxReasonLength = 64;

// What an executor says becomes a word for clients only if it is one.
std::string WordOr(absl::string_view told, absl::string_view otherwise) {
  bool is_word = !told.empty() && told.size() <= kMaxReasonLength;
  for (const char c : told) {
    is_word = is_word &&
              (absl::ascii_isupper(static_cast<unsigned char>(c)) ||
               absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_');
  }
  return std::string(is_word ? told : otherwise);
}

bool IsOf(const Session& session, const ConnectedExecutor& executor) {
  return session.open() && session.record.executor_id() == executor.id &&
         session.boot_nonce == executor.boot_nonce;
}

}  // namespace

void SessionFlow::End(Session& session, PublicSession::State state,
                      absl::string_view cause, absl::string_view reason,
                      const Ended& ended) {
  p_.sessions.End(session, state, reason);
  Transaction transaction;
  transaction.sessions.push_back(SessionToStore(session));
  transaction.audit.push_back(SessionEndedEntry(session.record, ended.actor));
  if (ended.recorded) {
    p_.journal.Commit(std::move(transaction), ended.recorded);
  } else {
    p_.journal.Note(std::move(transaction));
  }
  p_.metrics.CountSessionEnded(cause);
  LogInfo("session ended", {{"session_id", session.id()},
                            {"agent", session.agent()},
                            {"reason", reason}});
}

void SessionFlow::Clear(const Session& session, absl::string_view reason,
                        absl::string_view actor) {
  const std::set<std::string, std::less<>> live = session.live;
  for (const std::string& id : live) {
    p_.flow.Cancel(*p_.table.Find(id), reason, actor);
  }
  p_.placement.EndAtExecutor(session);
}

void SessionFlow::Close(Session& session, const std::string& actor,
                        Journal::Done recorded) {
  // First: nothing that waits for it may start meanwhile.
  End(session, PublicSession::STATE_CLOSED, "closed", "CLOSED",
      {actor, std::move(recorded)});
  Clear(session, "SESSION_CLOSED", actor);
}

void SessionFlow::Expire(Session& session, absl::string_view cause,
                         absl::string_view reason) {
  End(session, PublicSession::STATE_EXPIRED, cause, reason);
  Clear(session, "SESSION_EXPIRED");
}

void SessionFlow::Lose(Session& session, absl::string_view cause,
                       absl::string_view reason) {
  // What is on its way to its first start goes back, and another executor may
  // make the sandbox.
  if (!session.used) return;
  End(session, PublicSession::STATE_LOST, cause, reason);
  const std::set<std::string, std::less<>> live = session.live;
  for (const std::string& id : live) {
    p_.flow.OnSessionLost(*p_.table.Find(id));
  }
}

void SessionFlow::TakeBack(ConnectedExecutor& executor, const Hello& hello) {
  const std::set<std::string, std::less<>> held(hello.held_sessions().begin(),
                                                hello.held_sessions().end());
  for (const std::string& id : held) {
    const Session* session = p_.sessions.Find(id);
    if (session == nullptr || !IsOf(*session, executor)) {
      executor.channel->Send(EndSessionMessage(id));
    }
  }
  std::vector<Session*> bound;
  p_.sessions.ForEachOpen([&](Session& session) {
    if (session.record.executor_id() == executor.id) bound.push_back(&session);
  });
  for (Session* session : bound) {
    session->lost_deadline.reset();
    if (session->boot_nonce != executor.boot_nonce) {
      Lose(*session, "executor_lost", "EXECUTOR_RESTARTED");
    } else if (held.count(session->id()) == 0) {
      Lose(*session, "sandbox_lost", "SANDBOX_LOST");
    }
  }
}

void SessionFlow::Restore(Session& session) {
  if (session.bound()) {
    session.lost_deadline = p_.clock.Monotonic() + p_.lost_after;
  }
}

void SessionFlow::OnStoreRestored(Session& session) {
  session.used = true;
  Lose(session, "store_restored", "STORE_RESTORED");
}

void SessionFlow::OnExecutorGone(const ConnectedExecutor& executor) {
  const absl::Duration deadline = p_.clock.Monotonic() + p_.lost_after;
  p_.sessions.ForEachOpen([&](Session& session) {
    if (IsOf(session, executor)) session.lost_deadline = deadline;
  });
}

void SessionFlow::OnSessionEnded(
    const ConnectedExecutor& executor,
    const airlock::internal::v1::SessionEnded& ended) {
  Session* session = p_.sessions.Find(ended.session_id());
  if (session == nullptr || !IsOf(*session, executor)) return;
  Lose(*session, "sandbox_lost", WordOr(ended.reason(), "SANDBOX_LOST"));
}

void SessionFlow::OnJobEnded(const ConnectedExecutor& executor,
                             const Execution& execution,
                             const JobEnded& ended) {
  Session* session = p_.placement.SessionOf(execution);
  if (session == nullptr) return;
  const Outcome& outcome = execution.record.execution.outcome();
  if (outcome.ended_by() == Outcome::ENDED_BY_OUTCOME_UNKNOWN) {
    OnOutcomeUnknown(execution);
  } else if (ended.session_lost() && IsOf(*session, executor)) {
    const bool failed =
        ended.outcome().ended_by() == Outcome::ENDED_BY_SANDBOX_FAILED;
    Lose(*session, "sandbox_lost",
         WordOr(failed ? ended.outcome().reason() : "", "SANDBOX_LOST"));
  }
}

void SessionFlow::OnOutcomeUnknown(const Execution& execution) {
  Session* session = p_.placement.SessionOf(execution);
  if (session == nullptr || !session->open()) return;
  // Something may run in it, also without a grant.
  session->used = true;
  p_.placement.EndAtExecutor(*session);
  Lose(*session, "executor_lost", "EXECUTOR_LOST");
}

void SessionFlow::Tick() {
  std::vector<Session*> all;
  p_.sessions.ForEachOpen(
      [&all](Session& session) { all.push_back(&session); });
  for (Session* session : all) TickOne(*session);
  p_.sessions.DropOld();
  p_.metrics.SetOpenSessions(p_.sessions.open());
}

bool SessionFlow::MustLeave(const Session& session) {
  const ConnectedExecutor* executor = p_.placement.ExecutorOf(session);
  return executor != nullptr && executor->order == ExecutorOrder::kDrain &&
         session.placed.empty();
}

void SessionFlow::TickOne(Session& session) {
  const absl::Duration now = p_.clock.Monotonic();
  if (session.lost_deadline.has_value() && now >= *session.lost_deadline) {
    Lose(session, "executor_lost", "EXECUTOR_LOST");
  } else if (MustLeave(session)) {
    p_.placement.EndAtExecutor(session);
    Lose(session, "drained", "EXECUTOR_DRAINED");
  } else if (now >= session.created_at + session.max_age) {
    Expire(session, "too_old", "MAX_AGE");
  } else if (session.live.empty() &&
             now >= session.last_used_at + session.idle_timeout) {
    Expire(session, "idle", "IDLE_TIMEOUT");
  }
}

}  // namespace airlock::policy
