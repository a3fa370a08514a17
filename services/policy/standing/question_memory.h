// The questions that were asked last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/policy/standing/standing_scope.h"

namespace airlock::policy {

// How much is remembered; the oldest is forgotten for what is new. That costs a
// worse suggestion or a lower count, never a start.
struct QuestionMemoryLimits {
  // Of one agent.
  std::size_t last_questions = 20;
  // Agents whose last questions are known.
  std::size_t agents = 200;
  // Actions of which it is known how often they were asked about.
  std::size_t actions = 10000;
};

// Remembers the last questions of each agent, and how often the same was asked.
// Not thread-safe.
class QuestionMemory {
 public:
  explicit QuestionMemory(QuestionMemoryLimits limits = {}) : limits_(limits) {}

  // It is asked about now. How often the same was before.
  std::uint32_t Remember(const StandingSubject& subject);

  // The last questions of an agent, newest first.
  std::vector<StandingSubject> LastOf(absl::string_view agent) const;

 private:
  // Agent and action_hash.
  using Key = std::pair<std::string, std::string>;
  struct Count {
    std::uint32_t asked = 0;
    std::list<Key>::iterator place;
  };
  struct Last {
    // Newest first.
    std::deque<StandingSubject> questions;
    std::list<std::string>::iterator place;
  };

  void RememberLast(const StandingSubject& subject);

  const QuestionMemoryLimits limits_;
  absl::flat_hash_map<Key, Count> counts_;
  std::map<std::string, Last, std::less<>> last_;
  // Those that were asked last come first.
  std::list<Key> count_order_;
  std::list<std::string> agent_order_;
};

}  // namespace airlock::policy
