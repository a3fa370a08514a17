// The sessions in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/config/sandbox_settings.h"
#include "common/time/clock.h"
#include "services/policy/sessions/session.h"

namespace airlock::policy {

// Bounds of a SessionTable.
struct SessionLimits {
  // Open sessions of all agents together.
  std::size_t max_open = 10'000;
  // Ended ones that are remembered: of each agent the newest so many, and none
  // for longer.
  std::size_t max_ended_per_agent = 1000;
  absl::Duration keep_ended = absl::Hours(7 * 24);
};

// What a new session is made from.
struct NewSession {
  std::string agent;
  std::string name;
  bool parallel = false;
  airlock::internal::v1::SandboxSpec sandbox;
  SessionSettings settings;
};

// Owns the newest session of each agent and name. Not thread-safe. `clock` must
// outlive it.
class SessionTable {
 public:
  SessionTable(const Clock& clock, SessionLimits limits)
      : clock_(clock), limits_(limits) {}

  // Makes a session, in place of one of the same name that has ended.
  // ALREADY_EXISTS: there is an open one. RESOURCE_EXHAUSTED: its agent, or all
  // together, have as many as they may.
  absl::StatusOr<Session*> Open(NewSession wanted);

  // Goes on with one from before a restart. An older one of the same agent and
  // name must not be there. It counts as used just now: nobody could use it
  // meanwhile.
  Session& Restore(const airlock::internal::v1::StoredSession& stored);

  // Null if there is none.
  Session* Find(absl::string_view id);
  Session* FindName(absl::string_view agent, absl::string_view name);

  // An execution was accepted in it, or has ended.
  void Enter(Session& session, const std::string& execution_id);
  void Leave(Session& session, absl::string_view execution_id);

  // An executor has its sandbox, or is to make it; or no one any more.
  void Bind(Session& session, const std::string& executor_id,
            const std::string& boot_nonce);
  void Unbind(Session& session);
  // How many open sessions an executor has.
  std::size_t bound_to(absl::string_view executor_id) const;

  // Moves an open session to a final state. References to the agent's other
  // ended sessions end here.
  void End(Session& session, airlock::v1::Session::State state,
           absl::string_view reason);

  // Forgets what ended too long ago. References to ended sessions end here.
  void DropOld();

  // Open ones, in no order. `function` must not open or end sessions.
  void ForEachOpen(const std::function<void(Session&)>& function);
  std::size_t open() const { return open_.size(); }

  using Key = std::pair<std::string, std::string>;
  // By agent, then by name.
  const std::map<Key, std::unique_ptr<Session>>& all() const {
    return sessions_;
  }

 private:
  absl::Status CheckRoom(const NewSession& wanted) const;
  Session& Add(std::unique_ptr<Session> session);
  void AddOpen(Session& session);
  void AddEnded(Session& session);
  // Forgets one that has ended.
  void Forget(const Session& session);
  void Release(Session& session);
  void Touch(Session& session);

  const Clock& clock_;
  const SessionLimits limits_;
  std::map<Key, std::unique_ptr<Session>> sessions_;
  absl::flat_hash_map<std::string, Session*> by_id_;
  std::map<std::string, std::size_t, std::less<>> open_by_agent_;
  std::map<std::string, std::size_t, std::less<>> bound_;
  absl::flat_hash_set<Session*> open_;
  // By agent, in the order of their ends.
  std::map<std::string, std::map<std::uint64_t, Session*>> ended_;
  std::uint64_t last_end_ = 0;
};

}  // namespace airlock::policy
