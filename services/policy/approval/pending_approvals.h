// The approvals that wait for an answer.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// An approval that waits.
struct PendingApproval {
  // As it is in the store. Whoever has made a change durable puts it here.
  ApprovalRecord record;
  // A change of it is on its way to the store: nobody else may change it.
  bool committing = false;
  // Called, by whoever cleared `committing`, after that change has succeeded or
  // failed.
  std::vector<std::function<void()>> waiting;
};

// Holds ten thousand approvals and more; each takes some two kilobytes, and the
// specs they are about are not in here. Not thread-safe.
class PendingApprovals {
 public:
  // Whether one more of this agent fits. RESOURCE_EXHAUSTED, with
  // google.rpc.QuotaFailure, if not: answers make room.
  absl::Status CheckRoom(absl::string_view agent, std::size_t max_per_agent,
                         std::size_t max_total) const;

  // Takes in an approval that is due at `deadline` of the monotonic clock. The
  // bounds are for CheckRoom(): what was asked once is never refused here.
  // nullptr: its id, or its execution's, is here already. The pointer lives
  // until Remove().
  PendingApproval* Add(ApprovalRecord record, absl::Duration deadline);

  // nullptr: there is none.
  PendingApproval* Find(absl::string_view id);
  PendingApproval* FindByExecution(absl::string_view execution_id);

  // Takes it out; nothing if there is none. Its `waiting` comes with it.
  std::optional<PendingApproval> Remove(absl::string_view id);

  // The ids of those whose deadline is at `now` or before it, first things
  // first, at most `max`. Each is told once: Remind() tells it again. Costs
  // nothing when nothing is due.
  std::vector<std::string> TakeDue(absl::Duration now, std::size_t max);

  // Tells `id` in TakeDue() at `deadline`, and not before: what was due could
  // not be done. Nothing if there is none.
  void Remind(absl::string_view id, absl::Duration deadline);

  // When the next one is due; absl::InfiniteDuration() if none is.
  absl::Duration NextDeadline() const;

  // Calls `visit` with each, oldest first. It must not add or remove.
  void ForEach(const std::function<void(PendingApproval&)>& visit);

  std::size_t size() const { return by_id_.size(); }
  std::size_t CountOf(absl::string_view agent) const;

  // When the oldest was asked; nothing if there is none.
  std::optional<absl::Time> OldestCreateTime() const;

 private:
  struct Slot {
    PendingApproval pending;
    // As they were in the record that was added.
    std::string agent;
    std::string execution_id;
    // Its place in `deadlines_`, if it has one.
    std::optional<absl::Duration> deadline;
  };

  // By id, which sorts by age.
  using ById = std::map<std::string, Slot, std::less<>>;

  void SetDeadline(ById::iterator slot, absl::Duration deadline);
  void DropDeadline(ById::iterator slot);

  ById by_id_;
  absl::flat_hash_map<std::string, ById::iterator> by_execution_;
  absl::flat_hash_map<std::string, std::size_t> count_by_agent_;
  // Each with its id, which by_id_ owns.
  std::set<std::pair<absl::Duration, absl::string_view>> deadlines_;
};

}  // namespace airlock::policy
