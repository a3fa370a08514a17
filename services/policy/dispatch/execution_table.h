// The executions in memory.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/policy/dispatch/execution.h"

namespace airlock::policy {

// Owns every execution that has not ended, and the newest of those that have,
// so that their output can still be read. Not thread-safe.
class ExecutionTable {
 public:
  // Ended executions that nobody watches are dropped, oldest end first, beyond
  // this many and beyond this much kept output of theirs.
  ExecutionTable(std::size_t max_ended, std::size_t max_ended_output_bytes)
      : max_ended_(max_ended), max_ended_bytes_(max_ended_output_bytes) {}

  Execution& Add(std::unique_ptr<Execution> execution);

  // Takes one out that has not ended. The reference ends here.
  void Remove(const Execution& execution);

  // Adds an execution that ended before and of which only the record is left.
  Execution& Restore(ExecutionRecord record);

  // Null if there is none.
  Execution* Find(absl::string_view id);
  Execution* FindRequest(absl::string_view agent, absl::string_view request_id);

  // Attaches a watcher to an execution, as ExecutionFeed::Attach does, and
  // remembers which it watches. Nothing happens if the client is gone.
  void Attach(Execution& execution, WatcherId watcher,
              std::shared_ptr<EventSink> sink, const WatchOptions& options,
              absl::Time time);
  // The execution a watcher was attached to. Null if there is none any more.
  Execution* WatchedBy(WatcherId watcher);
  void ForgetWatcher(WatcherId watcher) { watched_.erase(watcher); }

  // Lets an execution be dropped later on.
  void MarkEnded(const Execution& execution);

  // Drops what is too much. References to ended executions end here.
  void DropOldest();

  // How many have not ended.
  std::size_t live() const { return executions_.size() - ended_.size(); }

  // All, oldest first. `function` must not add or end executions.
  void ForEach(const std::function<void(Execution&)>& function);

 private:
  using RequestKey = std::pair<std::string, std::string>;

  const std::size_t max_ended_;
  const std::size_t max_ended_bytes_;
  std::map<std::string, std::unique_ptr<Execution>, std::less<>> executions_;
  absl::flat_hash_map<RequestKey, Execution*> by_request_;
  absl::flat_hash_map<WatcherId, std::string> watched_;
  std::deque<std::string> ended_;
  std::size_t ended_bytes_ = 0;
};

}  // namespace airlock::policy
