#include "services/policy/store/memory/memory_store.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/execution_state.h"

namespace airlock::policy {

void MemoryStore::Put(ExecutionRecord record, PutDone done) {
  absl::Status status;
  {
    absl::MutexLock lock(&mutex_);
    status = PutLocked(std::move(record));
  }
  done(status);
}

absl::Status MemoryStore::PutLocked(ExecutionRecord record) {
  const std::string id = record.execution.id();
  const auto found = records_.find(id);
  if (found != records_.end() && IsFinal(found->second.execution.state())) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "ALREADY_FINAL",
                     absl::StrCat("execution ", id, " has already ended"));
  }
  ids_by_request_[{record.execution.agent(), record.execution.request_id()}] =
      id;
  records_.insert_or_assign(id, std::move(record));
  ForgetOldest();
  return absl::OkStatus();
}

void MemoryStore::ForgetOldest() {
  auto oldest = records_.begin();
  while (records_.size() > max_kept_ && oldest != records_.end()) {
    const airlock::v1::Execution& execution = oldest->second.execution;
    if (!IsFinal(execution.state())) {
      ++oldest;
      continue;
    }
    ids_by_request_.erase({execution.agent(), execution.request_id()});
    oldest = records_.erase(oldest);
  }
}

void MemoryStore::Find(absl::string_view id, FindDone done) {
  std::optional<ExecutionRecord> record;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = records_.find(std::string(id));
    if (found != records_.end()) record = found->second;
  }
  done(std::move(record));
}

void MemoryStore::FindRequest(absl::string_view agent,
                              absl::string_view request_id, FindDone done) {
  std::optional<ExecutionRecord> record;
  {
    absl::MutexLock lock(&mutex_);
    const auto id = ids_by_request_.find(
        RequestKey(std::string(agent), std::string(request_id)));
    if (id != ids_by_request_.end()) record = records_.at(id->second);
  }
  done(std::move(record));
}

void MemoryStore::List(const ExecutionQuery& query, ListDone done) {
  ExecutionPage page;
  {
    absl::MutexLock lock(&mutex_);
    auto end = query.page_token.empty()
                   ? records_.end()
                   : records_.lower_bound(query.page_token);
    for (auto it = std::make_reverse_iterator(end); it != records_.rend();
         ++it) {
      const airlock::v1::Execution& execution = it->second.execution;
      if (!query.agent.empty() && execution.agent() != query.agent) continue;
      if (page.executions.size() == static_cast<std::size_t>(query.page_size)) {
        page.next_page_token = page.executions.back().id();
        break;
      }
      page.executions.push_back(execution);
    }
  }
  done(std::move(page));
}

}  // namespace airlock::policy
