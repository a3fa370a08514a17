// Executions remembered for as long as the process lives.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Keeps the newest `max_kept` records; the oldest ended ones are forgotten
// first, and executions that have not ended are never forgotten. Completions
// come before the call returns.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::size_t max_kept) : max_kept_(max_kept) {}

  void Put(ExecutionRecord record, PutDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Find(absl::string_view id, FindDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void FindRequest(absl::string_view agent, absl::string_view request_id,
                   FindDone done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void List(const ExecutionQuery& query, ListDone done) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using RequestKey = std::pair<std::string, std::string>;

  absl::Status PutLocked(ExecutionRecord record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t max_kept_;
  absl::Mutex mutex_;
  // In the order of creation: ids sort by the time they were made.
  std::map<std::string, ExecutionRecord> records_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<RequestKey, std::string> ids_by_request_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
