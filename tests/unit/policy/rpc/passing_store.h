// A store whose looks back a test may hold up or make fail.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/policy/store/memory/memory_store.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Passes everything on to one in memory. Thread-safe.
class PassingStore final : public Store {
 public:
  // ReadHistory() fails from now on.
  void FailReads(absl::Status error) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    error_ = std::move(error);
  }
  // ReadHistory() waits from now on, until ReleaseReads().
  void HoldReads() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    holding_ = true;
  }
  // Waits until so many wait.
  void AwaitHeld(std::size_t count) ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto held = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return held_.size() >= count;
    };
    absl::MutexLock lock(&mutex_, absl::Condition(&held));
  }
  // Those that wait go on; later ones wait if they did before.
  void ReleaseHeld() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::function<void()>> held;
    {
      absl::MutexLock lock(&mutex_);
      held = std::exchange(held_, {});
    }
    for (const auto& read : held) read();
  }
  void ReleaseReads() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      holding_ = false;
    }
    ReleaseHeld();
  }

  void ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                   Done<HistoryPage> done) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::Status error;
    {
      absl::MutexLock lock(&mutex_);
      error = error_;
      if (holding_) {
        held_.push_back([this, query, parts, done] {
          memory_.ReadHistory(query, parts, done);
        });
        return;
      }
    }
    if (error.ok()) {
      memory_.ReadHistory(query, parts, std::move(done));
    } else {
      done(error);
    }
  }
  void Commit(Transaction transaction, CommitDone done) override {
    memory_.Commit(std::move(transaction), std::move(done));
  }
  void LoadLive(absl::Time rejected_since, Done<LiveState> done) override {
    memory_.LoadLive(rejected_since, std::move(done));
  }
  void Find(absl::string_view id, FindDone done) override {
    memory_.Find(id, std::move(done));
  }
  void FindRequest(absl::string_view agent, absl::string_view request_id,
                   FindDone done) override {
    memory_.FindRequest(agent, request_id, std::move(done));
  }
  void List(const ExecutionQuery& query, ListDone done) override {
    memory_.List(query, std::move(done));
  }
  void FindApproval(absl::string_view id, FindApprovalDone done) override {
    memory_.FindApproval(id, std::move(done));
  }
  void ListApprovals(const ApprovalQuery& query,
                     Done<ApprovalPage> done) override {
    memory_.ListApprovals(query, std::move(done));
  }
  void ListAudit(const AuditQuery& query, Done<AuditPage> done) override {
    memory_.ListAudit(query, std::move(done));
  }
  void ReadAudit(
      std::uint64_t first, int count,
      Done<std::vector<airlock::v1::SealedAuditRecord>> done) override {
    memory_.ReadAudit(first, count, std::move(done));
  }
  void GetAuditHead(Done<AuditHead> done) override {
    memory_.GetAuditHead(std::move(done));
  }
  void Forget(const Retention& retention, CommitDone done) override {
    memory_.Forget(retention, std::move(done));
  }

 private:
  MemoryStore memory_{10'000};
  absl::Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
