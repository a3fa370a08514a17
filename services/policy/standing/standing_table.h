// The standing approvals that hold, and those that ended a while ago.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/standing_approval.pb.h"
#include "services/policy/standing/standing_scope.h"

namespace airlock::policy {

// Bounds of a StandingTable.
struct StandingLimits {
  // Those that hold: of all agents, and of one.
  std::size_t max_active = 1000;
  std::size_t max_active_per_agent = 100;
  // Those that ended: how many are remembered, and for how long.
  std::size_t max_ended = 1000;
  absl::Duration keep_ended = absl::Hours(24);
};

// Both clocks at one moment. One holds only while both say so: neither a jump
// of the wall clock back nor one forward makes a permission longer.
struct StandingNow {
  absl::Time wall;
  absl::Duration monotonic;
};

// Holds permissions by id, which sorts by age. What changes here is for whoever
// calls to make durable. Not thread-safe.
class StandingTable {
 public:
  explicit StandingTable(StandingLimits limits = {}) : limits_(limits) {}

  // Whether one more of this agent fits. RESOURCE_EXHAUSTED, reason
  // STANDING_FULL, with google.rpc.QuotaFailure, if not.
  absl::Status CheckRoom(absl::string_view agent) const;

  // Takes one in, which holds until `deadline` of the monotonic clock at most.
  // The bounds are for CheckRoom(). Nothing if its id is here already.
  void Add(airlock::v1::StandingApproval permission, absl::Duration deadline);

  // Takes it out; nothing if there is none.
  void Remove(absl::string_view id);

  // nullptr: there is none. Valid until the next change.
  const airlock::v1::StandingApproval* Find(absl::string_view id) const;

  // Whether it is there, ACTIVE, within its time and has a use left.
  bool IsUsable(absl::string_view id, StandingNow now) const;

  // The oldest usable one that covers `subject` and that `accepts` accepts;
  // nullptr: none does. Valid until the next change.
  const airlock::v1::StandingApproval* FindFor(
      const StandingSubject& subject, StandingNow now,
      const std::function<bool(const airlock::v1::StandingApproval&)>& accepts)
      const;

  // Whether this agent has one that is ACTIVE.
  bool HasActive(absl::string_view agent) const {
    return active_by_agent_.contains(agent);
  }

  // Counts one start. False, and nothing is counted: it is not usable. With
  // the last use it becomes USED_UP.
  bool TakeUse(absl::string_view id, StandingNow now);
  // That start could not be recorded, so it was none. One that has ended stays
  // as it is: nothing makes it hold again.
  void GiveBackUse(absl::string_view id);

  // Ends an ACTIVE one; false, and nothing changes: it is not. `revoked_by`:
  // who took it back, empty: nobody.
  bool End(absl::string_view id, airlock::v1::StandingApproval::State state,
           absl::Time now, absl::string_view revoked_by = "");

  // Those that are ACTIVE and whose time is over.
  std::vector<std::string> Due(StandingNow now) const;

  // Takes out those that ended too long ago, or are too many.
  std::vector<std::string> Forget(absl::Time now);

  // All of one agent, or of all if that is empty; newest first.
  std::vector<airlock::v1::StandingApproval> List(
      absl::string_view agent) const;

  std::size_t active() const { return active_; }

 private:
  struct Entry {
    airlock::v1::StandingApproval permission;
    absl::Duration deadline;
  };
  using ById = std::map<std::string, Entry, std::less<>>;

  static bool IsUsable(const Entry& entry, StandingNow now);
  void CountActive(const airlock::v1::StandingApproval& permission, int change);

  const StandingLimits limits_;
  ById by_id_;
  std::size_t active_ = 0;
  // None are 0.
  absl::flat_hash_map<std::string, std::size_t> active_by_agent_;
};

}  // namespace airlock::policy
