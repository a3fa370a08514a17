// Rejections that are remembered for a while.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// What an agent was told when its action was rejected.
struct Rejection {
  std::string approval_id;
  // "<channel>:<id>", the person's name (may be empty) and what they said.
  std::string approver;
  std::string person;
  std::string comment;
};

// Remembers which actions of which agents were rejected, so that the same one
// is rejected at once when it is raised again unchanged.
//
// Bounded: the entry that was made first is forgotten for a new one, which
// costs a question more, never a start. Not thread-safe.
class RejectionMemory {
 public:
  static constexpr std::size_t kMaxEntries = 10000;

  explicit RejectionMemory(std::size_t max_entries = kMaxEntries)
      : max_entries_(max_entries) {}

  // Remembers a REJECTED approval until the time given, in place of what was
  // remembered of the same action. Any other state, and one without
  // a hash of its action, is not remembered.
  void Remember(const ApprovalRecord& record, absl::Time until);

  // The rejection of this action of this agent; nothing if there is none, or
  // its time is over.
  std::optional<Rejection> Find(absl::string_view agent,
                                absl::string_view action_hash, absl::Time now);

  std::size_t size() const { return entries_.size(); }

 private:
  // Agent and hash of the action.
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    Rejection rejection;
    absl::Time until;
    // Tells the key's newest place in `order_` from older ones.
    std::uint64_t sequence = 0;
  };

  void ForgetOldest();

  const std::size_t max_entries_;
  std::uint64_t next_sequence_ = 0;
  absl::flat_hash_map<Key, Entry> entries_;
  // In the order of remembering. Keys that were remembered again stand here
  // more than once; only the place with the entry's sequence is alive.
  std::deque<std::pair<std::uint64_t, Key>> order_;
};

}  // namespace airlock::policy
