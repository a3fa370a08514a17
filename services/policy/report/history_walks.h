// Walks over what is kept of executions.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/concurrency/worker_pool.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// What a walk reads. Its page size and page token are the walk's own.
struct HistoryRequest {
  ExecutionQuery query;
  HistoryParts parts;
};

// Whoever looks back. All is called by one thread at a time, which may be
// blocked for as long as it takes to look at a page; cancelled() by any.
class HistoryVisitor {
 public:
  virtual ~HistoryVisitor() = default;

  // First: what to read. An error ends the walk.
  virtual absl::StatusOr<HistoryRequest> Begin() = 0;
  // Whether nobody waits for it any more. Asked before each page.
  virtual bool cancelled() const = 0;
  // The next executions, newest first.
  virtual void OnPage(const std::vector<ExecutionHistory>& page) = 0;
  // Last, and always: whether that was all that is kept. CANCELLED: nobody
  // waited for it. The store is not used any more from here on.
  virtual void End(absl::StatusOr<bool> complete) = 0;
};

// Bounds of HistoryWalks.
struct HistoryWalkLimits {
  // At once.
  std::size_t max_walks = 4;
  // Executions that one walk looks at.
  std::size_t max_executions = 100'000;
  int page_size = 500;
};

// Walks page by page, newest first, each page in turn with those of other walks
// on one thread of its own. Thread-safe; nothing blocks. The destructor waits
// for what is being looked at; by then every walk must have ended.
class HistoryWalks {
 public:
  // `store` must outlive every walk.
  HistoryWalks(Store& store, const HistoryWalkLimits& limits)
      : store_(store),
        limits_(limits),
        thread_(/*threads=*/1, /*queue_limit=*/limits.max_walks) {}

  // Starts a walk. RESOURCE_EXHAUSTED with reason TOO_MANY_REPORTS: as many as
  // there may be are under way; nothing is called then.
  absl::Status Start(std::shared_ptr<HistoryVisitor> visitor)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Walk;

  // A walk has one step waiting at most, so that there is always room.
  void Submit(std::function<void()> step);
  void Release() ABSL_LOCKS_EXCLUDED(mutex_);

  Store& store_;
  const HistoryWalkLimits limits_;
  absl::Mutex mutex_;
  std::size_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  WorkerPool thread_;
};

}  // namespace airlock::policy
