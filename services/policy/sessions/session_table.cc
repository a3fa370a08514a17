#include "services/policy/sessions/session_table.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using PublicSession = airlock::v1::Session;

absl::Status FullError(absl::string_view subject, std::size_t limit) {
  const std::string description =
      absl::StrCat(limit, " sessions are open, which is the most");
  return WithQuotaFailure(
      MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_SESSIONS",
                absl::StrCat("no more sessions of ", subject, ": ", description,
                             "; close one"),
                {{"limit", absl::StrCat(limit)}}),
      subject, description);
}

void CountDown(std::map<std::string, std::size_t, std::less<>>& counts,
               const std::string& key) {
  const auto found = counts.find(key);
  if (--found->second == 0) counts.erase(found);
}

std::size_t CountOf(
    const std::map<std::string, std::size_t, std::less<>>& counts,
    absl::string_view key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

absl::Status SessionTable::CheckRoom(const NewSession& wanted) const {
  if (open_.size() >= limits_.max_open) {
    return FullError("all agents", limits_.max_open);
  }
  if (CountOf(open_by_agent_, wanted.agent) >= wanted.settings.max_per_agent) {
    return FullError(absl::StrCat("agent:", wanted.agent),
                     wanted.settings.max_per_agent);
  }
  return absl::OkStatus();
}

absl::StatusOr<Session*> SessionTable::Open(NewSession wanted) {
  Session* old = FindName(wanted.agent, wanted.name);
  if (old != nullptr && old->open()) {
    return MakeError(absl::StatusCode::kAlreadyExists, "SESSION_EXISTS",
                     absl::StrCat("session \"", wanted.name,
                                  "\" is open; close it, or use another name"),
                     {{"session", wanted.name}});
  }
  const absl::Status room = CheckRoom(wanted);
  if (!room.ok()) return room;
  if (old != nullptr) Forget(*old);

  auto session = std::make_unique<Session>();
  PublicSession& record = session->record;
  record.set_id(absl::StrCat("se-", RandomUuid()));
  record.set_name(wanted.name);
  record.set_agent(wanted.agent);
  record.set_state(PublicSession::STATE_OPEN);
  record.set_parallel(wanted.parallel);
  record.set_backend(wanted.sandbox.backend());
  record.set_image(wanted.sandbox.image());
  *record.mutable_create_time() = ToProto(clock_.Now());
  session->sandbox = std::move(wanted.sandbox);
  session->idle_timeout = wanted.settings.idle_timeout;
  session->max_age = wanted.settings.max_age;
  session->created_at = clock_.Monotonic();
  Touch(*session);
  Session& opened = Add(std::move(session));
  AddOpen(opened);
  return &opened;
}

Session& SessionTable::Restore(
    const airlock::internal::v1::StoredSession& stored) {
  auto made = std::make_unique<Session>();
  made->record = stored.session();
  made->sandbox = stored.sandbox();
  made->idle_timeout = FromProto(stored.idle_timeout());
  made->max_age = FromProto(stored.max_age());
  made->boot_nonce = stored.boot_nonce();
  made->used = stored.used();
  made->acknowledged = stored.acknowledged();
  const absl::Duration age =
      std::max(absl::ZeroDuration(),
               clock_.Now() - FromProto(made->record.create_time()));
  made->created_at = clock_.Monotonic() - age;
  Session& session = Add(std::move(made));
  if (session.open()) {
    Touch(session);
    AddOpen(session);
    if (session.bound()) ++bound_[session.record.executor_id()];
  } else {
    session.ended_at = clock_.Monotonic();
    AddEnded(session);
  }
  return session;
}

Session& SessionTable::Add(std::unique_ptr<Session> session) {
  Session& added = *session;
  by_id_[added.id()] = &added;
  sessions_[{added.agent(), added.name()}] = std::move(session);
  return added;
}

void SessionTable::AddOpen(Session& session) {
  ++open_by_agent_[session.agent()];
  open_.insert(&session);
}

void SessionTable::AddEnded(Session& session) {
  session.end_number = ++last_end_;
  auto& ended = ended_[session.agent()];
  ended[session.end_number] = &session;
  if (ended.size() > limits_.max_ended_per_agent) {
    Forget(*ended.begin()->second);
  }
}

Session* SessionTable::Find(absl::string_view id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Session* SessionTable::FindName(absl::string_view agent,
                                absl::string_view name) {
  const auto found = sessions_.find(Key(std::string(agent), std::string(name)));
  return found == sessions_.end() ? nullptr : found->second.get();
}

void SessionTable::Enter(Session& session, const std::string& execution_id) {
  session.live.insert(execution_id);
  Touch(session);
}

void SessionTable::Leave(Session& session, absl::string_view execution_id) {
  const auto found = session.live.find(execution_id);
  if (found == session.live.end()) return;
  session.live.erase(found);
  Touch(session);
}

void SessionTable::Touch(Session& session) {
  session.last_used_at = clock_.Monotonic();
  *session.record.mutable_last_use_time() = ToProto(clock_.Now());
}

void SessionTable::Bind(Session& session, const std::string& executor_id,
                        const std::string& boot_nonce) {
  Unbind(session);
  session.record.set_executor_id(executor_id);
  session.boot_nonce = boot_nonce;
  ++bound_[executor_id];
}

void SessionTable::Unbind(Session& session) {
  Release(session);
  session.record.clear_executor_id();
  session.boot_nonce.clear();
  session.lost_deadline.reset();
}

// The record goes on telling which executor it was.
void SessionTable::Release(Session& session) {
  if (session.bound() && session.open()) {
    CountDown(bound_, session.record.executor_id());
  }
}

std::size_t SessionTable::bound_to(absl::string_view executor_id) const {
  return CountOf(bound_, executor_id);
}

void SessionTable::End(Session& session, PublicSession::State state,
                       absl::string_view reason) {
  Release(session);
  CountDown(open_by_agent_, session.agent());
  open_.erase(&session);
  session.record.set_state(state);
  session.record.set_state_reason(std::string(reason));
  *session.record.mutable_end_time() = ToProto(clock_.Now());
  session.ended_at = clock_.Monotonic();
  session.lost_deadline.reset();
  // The record is enough from here on.
  session.sandbox.Clear();
  AddEnded(session);
}

void SessionTable::DropOld() {
  const absl::Duration oldest = clock_.Monotonic() - limits_.keep_ended;
  std::vector<Session*> old;
  for (const auto& [agent, ended] : ended_) {
    for (const auto& [number, session] : ended) {
      if (session->ended_at > oldest) break;
      old.push_back(session);
    }
  }
  for (const Session* session : old) Forget(*session);
}

void SessionTable::Forget(const Session& session) {
  const auto ended = ended_.find(session.agent());
  ended->second.erase(session.end_number);
  if (ended->second.empty()) ended_.erase(ended);
  const Key key(session.agent(), session.name());
  by_id_.erase(session.id());
  sessions_.erase(key);
}

void SessionTable::ForEachOpen(const std::function<void(Session&)>& function) {
  for (Session* session : open_) function(*session);
}

}  // namespace airlock::policy
