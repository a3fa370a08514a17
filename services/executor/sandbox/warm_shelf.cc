#include "services/executor/sandbox/warm_shelf.h"

#include <algorithm>
#include <utility>

namespace airlock::executor {
namespace {

// After a failure: doubles from the first to the second.
constexpr absl::Duration kFirstRetry = absl::Milliseconds(500);
constexpr absl::Duration kLastRetry = absl::Seconds(30);
constexpr int kMaxDoublings = 6;
// A sandbox this old was well made.
constexpr absl::Duration kLasts = absl::Seconds(5);

}  // namespace

WarmShelf::WarmShelf(WarmTarget target)
    : target_(std::move(target)), settled_(target_.size == 0) {}

bool WarmShelf::Fits(const SandboxSpec& spec) const {
  return IsSameKind(spec, target_.spec);
}

std::unique_ptr<Sandbox> WarmShelf::Claim(const std::string& image_id,
                                          absl::Duration now,
                                          Discards& discards) {
  RemoveLost(now, discards);
  if (entries_.empty()) return nullptr;
  std::unique_ptr<Sandbox>& oldest_one = entries_.front().sandbox;
  if (!image_id.empty() && oldest_one->image_id() != image_id) return nullptr;
  std::unique_ptr<Sandbox> claimed = std::move(oldest_one);
  entries_.pop_front();
  return claimed;
}

void WarmShelf::SetImage(const std::string& image_id, Discards& discards) {
  if (image_id == image_id_) return;
  image_id_ = image_id;
  std::deque<Entry> kept;
  for (Entry& entry : entries_) {
    if (entry.sandbox->image_id() == image_id_) {
      kept.push_back(std::move(entry));
    } else {
      discards.push_back({std::move(entry.sandbox), Discard::kImage});
    }
  }
  entries_ = std::move(kept);
}

void WarmShelf::Sweep(absl::Duration now, Discards& discards) {
  RemoveLost(now, discards);
  if (entries_.empty()) return;
  if (now - oldest() >= kLasts) failures_ = 0;
  if (making_ == 0 && now - oldest() > target_.max_age) {
    DropOldest(Discard::kAge, discards);
  }
}

void WarmShelf::RemoveLost(absl::Duration now, Discards& discards) {
  std::deque<Entry> kept;
  bool at_once = false;
  for (Entry& entry : entries_) {
    if (entry.sandbox->usable()) {
      kept.push_back(std::move(entry));
    } else {
      at_once = at_once || now - entry.since < kLasts;
      discards.push_back({std::move(entry.sandbox), Discard::kLost});
    }
  }
  entries_ = std::move(kept);
  if (at_once) BackOff(now);
}

void WarmShelf::DropOldest(Discard why, Discards& discards) {
  discards.push_back({std::move(entries_.front().sandbox), why});
  entries_.pop_front();
}

void WarmShelf::DropAll(Discard why, Discards& discards) {
  while (!entries_.empty()) DropOldest(why, discards);
}

bool WarmShelf::WantsMore(absl::Duration now) const {
  return entries_.size() + making_ < target_.size && making_ < target_.refill &&
         now >= try_at_;
}

void WarmShelf::AddMade(std::unique_ptr<Sandbox> sandbox, absl::Duration now,
                        Discards& discards) {
  --making_;
  if (!image_id_.empty() && sandbox->image_id() != image_id_) {
    discards.push_back({std::move(sandbox), Discard::kImage});
    return;
  }
  entries_.push_back({std::move(sandbox), now});
  if (entries_.size() >= target_.size) settled_ = true;
}

void WarmShelf::AddFailure(absl::Duration now) {
  --making_;
  settled_ = true;
  BackOff(now);
}

void WarmShelf::BackOff(absl::Duration now) {
  const int doublings = std::min(failures_++, kMaxDoublings);
  try_at_ = now + std::min(kFirstRetry * (1 << doublings), kLastRetry);
}

void WarmShelf::ForgetFailures() {
  failures_ = 0;
  try_at_ = absl::ZeroDuration();
}

SandboxSpec WarmShelf::SpecToMake() const {
  SandboxSpec spec = target_.spec;
  spec.image_id = image_id_;
  spec.pull_policy = "never";
  return spec;
}

}  // namespace airlock::executor
