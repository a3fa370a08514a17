// One session: a sandbox that is kept for several executions of one agent.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/internal/v1/spec.pb.h"
#include "airlock/internal/v1/stored.pb.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/session.pb.h"

namespace airlock::policy {

// Lives inside the dispatcher's serializer, in a SessionTable.
struct Session {
  const std::string& id() const { return record.id(); }
  const std::string& name() const { return record.name(); }
  const std::string& agent() const { return record.agent(); }
  bool open() const {
    return record.state() == airlock::v1::Session::STATE_OPEN;
  }
  // Whether an executor was chosen, which has its sandbox or makes it.
  bool bound() const { return !record.executor_id().empty(); }

  // The public resource, but for what SessionToProto() adds.
  airlock::v1::Session record;
  // What its sandbox may use; the same for all its executions. The image id is
  // pinned once something ran in it.
  airlock::internal::v1::SandboxSpec sandbox;
  absl::Duration idle_timeout;
  absl::Duration max_age;

  // The boot of its executor.
  std::string boot_nonce;
  // Whether something may have run in its sandbox. Until then nothing of it can
  // be lost, and another executor may make it.
  bool used = false;
  // Executions in it that have not ended, and those of them that an executor
  // has.
  std::set<std::string, std::less<>> live;
  std::set<std::string, std::less<>> placed;
  // It has ended by itself, and its agent knows.
  bool acknowledged = false;
  // Orders those that have ended.
  std::uint64_t end_number = 0;

  // On the monotonic clock.
  absl::Duration created_at;
  absl::Duration last_used_at;
  absl::Duration ended_at;
  // When its sandbox counts as lost. Set while its executor is not connected.
  std::optional<absl::Duration> lost_deadline;
};

// Whether it may give one more execution to its executor now. Even in a
// parallel one the first execution goes alone: it makes the sandbox.
inline bool HasTurn(const Session& session) {
  return session.placed.empty() || (session.record.parallel() && session.used);
}

// Whether an action of this kind may change what is in a session.
bool MayWrite(airlock::v1::ActionKind kind);

// As the store keeps it.
airlock::internal::v1::StoredSession SessionToStore(const Session& session);

// The public resource as it stands now.
airlock::v1::Session SessionToProto(const Session& session);

}  // namespace airlock::policy
