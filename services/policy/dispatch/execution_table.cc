#include "services/policy/dispatch/execution_table.h"

#include <utility>

#include "common/time/proto_time.h"
#include "services/policy/dispatch/output_record.h"

namespace airlock::policy {

Execution& ExecutionTable::Add(std::unique_ptr<Execution> execution) {
  Execution& added = *execution;
  const airlock::v1::Execution& record = added.record.execution;
  by_request_[{record.agent(), record.request_id()}] = &added;
  executions_[added.id()] = std::move(execution);
  return added;
}

Execution& ExecutionTable::Restore(ExecutionRecord record) {
  std::optional<airlock::internal::v1::StoredOutput> output =
      std::exchange(record.output, std::nullopt);
  record.spec.clear();
  Execution& execution =
      Add(std::make_unique<Execution>(std::move(record), kMaxStoredOutputBytes,
                                      /*accepts_later_input=*/false));
  execution.phase = Phase::kEnded;
  execution.recorded = true;
  if (output.has_value()) AddStoredOutput(*output, execution.feed);
  const airlock::v1::Execution& ended = execution.record.execution;
  execution.feed.Complete(ended, FromProto(ended.end_time()));
  MarkEnded(execution);
  return execution;
}

void ExecutionTable::Remove(const Execution& execution) {
  const airlock::v1::Execution& record = execution.record.execution;
  by_request_.erase({record.agent(), record.request_id()});
  executions_.erase(executions_.find(execution.id()));
}

Execution* ExecutionTable::Find(absl::string_view id) {
  const auto found = executions_.find(id);
  return found == executions_.end() ? nullptr : found->second.get();
}

Execution* ExecutionTable::FindRequest(absl::string_view agent,
                                       absl::string_view request_id) {
  const auto found =
      by_request_.find(RequestKey(std::string(agent), std::string(request_id)));
  return found == by_request_.end() ? nullptr : found->second;
}

void ExecutionTable::Attach(Execution& execution, WatcherId watcher,
                            std::shared_ptr<EventSink> sink,
                            const WatchOptions& options, absl::Time time) {
  if (sink->closed()) return;
  watched_[watcher] = execution.id();
  execution.feed.Attach(watcher, std::move(sink), options,
                        execution.record.execution, time);
}

Execution* ExecutionTable::WatchedBy(WatcherId watcher) {
  const auto found = watched_.find(watcher);
  return found == watched_.end() ? nullptr : Find(found->second);
}

void ExecutionTable::MarkEnded(const Execution& execution) {
  ended_.push_back(execution.id());
  ended_bytes_ += execution.feed.output().kept_bytes();
}

void ExecutionTable::DropOldest() {
  for (std::size_t tries = ended_.size();
       tries > 0 &&
       (ended_.size() > max_ended_ || ended_bytes_ > max_ended_bytes_);
       --tries) {
    std::string id = std::move(ended_.front());
    ended_.pop_front();
    const auto oldest = executions_.find(id);
    if (oldest->second->feed.has_watchers()) {
      ended_.push_back(std::move(id));
      continue;
    }
    const airlock::v1::Execution& record = oldest->second->record.execution;
    ended_bytes_ -= oldest->second->feed.output().kept_bytes();
    by_request_.erase({record.agent(), record.request_id()});
    executions_.erase(oldest);
  }
}

void ExecutionTable::ForEach(const std::function<void(Execution&)>& function) {
  for (auto& [id, execution] : executions_) function(*execution);
}

}  // namespace airlock::policy
