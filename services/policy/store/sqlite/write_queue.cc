#include "services/policy/store/sqlite/write_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

constexpr std::size_t kMaxWaiting = 20'000;
constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 20U;
constexpr std::size_t kMaxForgets = 16;
// More would make the first one wait too long for the last.
constexpr std::size_t kMaxGroup = 500;
constexpr std::size_t kMaxGroupBytes = std::size_t{16} << 20U;

absl::Status OverfullError(std::size_t count, absl::string_view what) {
  return MakeError(
      absl::StatusCode::kUnavailable, "STORE_OVERFULL",
      absl::StrCat("the store: ", count, " ", what, " wait already"));
}

// What is large in it.
std::size_t SizeOf(const Transaction& transaction) {
  std::size_t bytes = 0;
  for (const ExecutionRecord& record : transaction.executions) {
    bytes += record.spec.size();
    if (record.output) bytes += record.output->ByteSizeLong();
  }
  for (const AuditEntry& entry : transaction.audit) {
    bytes += entry.payload.size();
  }
  return bytes;
}

}  // namespace

absl::Status WriteQueue::Push(PendingWrite& write) {
  write.bytes = SizeOf(write.transaction);
  absl::MutexLock lock(&mutex_);
  const bool full =
      writes_.size() >= kMaxWaiting ||
      (!writes_.empty() && bytes_ + write.bytes > kMaxWaitingBytes);
  if (full) return OverfullError(writes_.size(), "transactions");
  bytes_ += write.bytes;
  writes_.push_back(std::move(write));
  return absl::OkStatus();
}

absl::Status WriteQueue::Push(PendingForget& forget) {
  absl::MutexLock lock(&mutex_);
  if (forgets_.size() >= kMaxForgets) {
    return OverfullError(forgets_.size(), "sweeps");
  }
  forgets_.push_back(std::move(forget));
  return absl::OkStatus();
}

WriteQueue::Turn WriteQueue::Next() {
  const auto something = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !writes_.empty() || !forgets_.empty();
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&something));
  Turn turn;
  turn.writes = TakeGroup();
  turn.forget = !stopping_ && !forgets_.empty();
  return turn;
}

std::vector<PendingWrite> WriteQueue::TakeGroup() {
  std::vector<PendingWrite> group;
  std::size_t bytes = 0;
  while (!writes_.empty() && group.size() < kMaxGroup &&
         (group.empty() || bytes + writes_.front().bytes <= kMaxGroupBytes)) {
    bytes += writes_.front().bytes;
    group.push_back(std::move(writes_.front()));
    writes_.pop_front();
  }
  bytes_ -= bytes;
  return group;
}

PendingForget& WriteQueue::front_forget() {
  absl::MutexLock lock(&mutex_);
  return forgets_.front();
}

PendingForget WriteQueue::PopForget() {
  absl::MutexLock lock(&mutex_);
  PendingForget forget = std::move(forgets_.front());
  forgets_.pop_front();
  return forget;
}

bool WriteQueue::has_forget() const {
  absl::MutexLock lock(&mutex_);
  return !forgets_.empty();
}

void WriteQueue::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

}  // namespace airlock::policy
