#include "services/gateway/refusals/refusal_buffer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_join.h"

namespace airlock::gateway {
namespace {

// The same for attempts that are alike. None of the parts has a line break: a
// method's name, a word, the id of a principal, and an address.
std::string KeyOf(const RefusedAttempt& attempt) {
  return absl::StrJoin(
      {attempt.method, attempt.reason, attempt.principal, attempt.peer_address},
      "\n");
}

}  // namespace

std::uint64_t RefusalBuffer::AddLocked(RefusedAttempt attempt) {
  std::string key = KeyOf(attempt);
  const auto known = places_.find(key);
  if (known != places_.end()) {
    RefusedAttempt& before = *known->second;
    before.count += attempt.count;
    before.first_time = std::min(before.first_time, attempt.first_time);
    return 0;
  }
  if (attempts_.size() >= kMaxAttempts) {
    left_out_ += attempt.count;
    return attempt.count;
  }
  attempts_.push_back(std::move(attempt));
  places_.emplace(std::move(key), std::prev(attempts_.end()));
  return 0;
}

std::uint64_t RefusalBuffer::Add(RefusedAttempt attempt) {
  absl::MutexLock lock(&mutex_);
  return AddLocked(std::move(attempt));
}

RefusalReport RefusalBuffer::Take(std::size_t max_attempts) {
  RefusalReport report;
  absl::MutexLock lock(&mutex_);
  while (!attempts_.empty() && report.attempts.size() < max_attempts) {
    places_.erase(KeyOf(attempts_.front()));
    report.attempts.push_back(std::move(attempts_.front()));
    attempts_.pop_front();
  }
  report.left_out = std::exchange(left_out_, 0);
  return report;
}

std::uint64_t RefusalBuffer::GiveBack(RefusalReport report) {
  absl::MutexLock lock(&mutex_);
  left_out_ += report.left_out;
  std::uint64_t lost = 0;
  for (RefusedAttempt& attempt : report.attempts) {
    lost += AddLocked(std::move(attempt));
  }
  return lost;
}

}  // namespace airlock::gateway
