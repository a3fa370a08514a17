// Refused attempts that wait to be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "services/gateway/refusals/refusal_sender.h"

namespace airlock::gateway {

// Attempts that are alike are counted as one, so that who guesses needs one
// place however often they try. Where there are more than fit the others are
// counted, and their number is told. Thread-safe.
class RefusalBuffer {
 public:
  // Different ones that are kept.
  static constexpr std::size_t kMaxAttempts = 256;

  // Counts `attempt.count` calls. How many of them were left out, as there was
  // no room.
  std::uint64_t Add(RefusedAttempt attempt) ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes the oldest, at most so many, and the whole number of those left out.
  RefusalReport Take(std::size_t max_attempts) ABSL_LOCKS_EXCLUDED(mutex_);

  // Puts back what could not be told, behind what is there: what can never be
  // told must not hold up the rest. How many calls are left out now that were
  // not before.
  std::uint64_t GiveBack(RefusalReport report) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::uint64_t AddLocked(RefusedAttempt attempt)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  // Oldest first.
  std::list<RefusedAttempt> attempts_ ABSL_GUARDED_BY(mutex_);
  // By what makes attempts alike.
  absl::flat_hash_map<std::string, std::list<RefusedAttempt>::iterator> places_
      ABSL_GUARDED_BY(mutex_);
  std::uint64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace airlock::gateway
