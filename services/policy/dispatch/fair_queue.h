// Executions that wait, shared fairly between agents.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::policy {

// Bounds of a FairQueue.
struct QueueLimits {
  std::size_t total = 1000;
  std::size_t per_agent = 200;
};

// A bounded queue of execution ids. Agents take turns, so that one that asks
// for much does not delay the others. Not thread-safe.
class FairQueue {
 public:
  explicit FairQueue(QueueLimits limits) : limits_(limits) {}

  // Whether one more of this agent fits. RESOURCE_EXHAUSTED, with
  // google.rpc.QuotaFailure and RetryInfo, if not.
  absl::Status CheckRoom(absl::string_view agent) const;

  // Puts an execution at the end of its agent's turn, or in front of it when
  // it has waited before. The bounds are for CheckRoom(): what was accepted
  // once is never refused here.
  void PushBack(const std::string& agent, const std::string& id);
  void PushFront(const std::string& agent, const std::string& id);

  // What became of an execution that was offered.
  enum class Answer {
    // It waits no longer, and its agent has had its turn.
    kTaken,
    // It cannot go on now. It keeps its place, and holds up nothing behind it.
    kPassed,
    // Nothing more can be taken.
    kStop,
  };
  // Offers executions in the order of turns, each at most once. `take` must not
  // change the queue.
  void Offer(const std::function<Answer(const std::string& id)>& take);

  // Forgets one that waits. Whether it was there.
  bool Remove(const std::string& agent, const std::string& id);

  // All that wait, in the order of turns, the first ones first.
  std::vector<std::string> InOrder() const;

  std::size_t size() const { return size_; }

 private:
  using Waiting = std::map<std::string, std::deque<std::string>, std::less<>>;

  void EnsureTurn(const std::string& agent);
  // Takes out the agent's execution at this place, and ends the agent's turn.
  void Take(Waiting::iterator agent, std::size_t place);

  const QueueLimits limits_;
  Waiting by_agent_;
  // Agents with something to run, in the order of their turns.
  std::deque<std::string> turns_;
  std::size_t size_ = 0;
};

}  // namespace airlock::policy
