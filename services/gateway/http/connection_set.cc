#include "services/gateway/http/connection_set.h"

namespace airlock::gateway {

void ConnectionSet::Add(OpenConnection& connection) {
  absl::MutexLock lock(&mutex_);
  open_.insert(&connection);
  if (gauge_ != nullptr) gauge_->Increment();
}

void ConnectionSet::Remove(OpenConnection& connection) {
  absl::MutexLock lock(&mutex_);
  open_.erase(&connection);
  if (gauge_ != nullptr) gauge_->Decrement();
}

void ConnectionSet::StopAll(bool at_once) {
  absl::flat_hash_set<OpenConnection*> open;
  {
    absl::MutexLock lock(&mutex_);
    open = open_;
  }
  for (OpenConnection* connection : open) connection->Stop(at_once);
}

std::size_t ConnectionSet::size() const {
  absl::MutexLock lock(&mutex_);
  return open_.size();
}

bool ConnectionSet::AwaitEmpty(absl::Time deadline) const {
  const auto empty = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return open_.empty();
  };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithDeadline(absl::Condition(&empty), deadline);
}

}  // namespace airlock::gateway
