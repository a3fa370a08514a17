#include "services/executor/sandbox/warm_pool.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/logging/log.h"
#include "services/executor/sandbox/bounded_backend.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kMakeTimeout = absl::Seconds(30);
constexpr std::size_t kMaxWorkers = 8;
// How long others may go first.
constexpr absl::Duration kLongestYield = absl::Seconds(2);

absl::string_view WordOf(Discard why) {
  switch (why) {
    case Discard::kLost:
      return "lost";
    case Discard::kAge:
      return "age";
    case Discard::kImage:
      return "image";
    case Discard::kRoom:
      return "room";
    case Discard::kStop:
      break;
  }
  return "stop";
}

std::size_t SizeOf(const std::vector<WarmTarget>& targets) {
  return std::accumulate(
      targets.begin(), targets.end(), std::size_t{0},
      [](std::size_t sum, const auto& each) { return sum + each.size; });
}

std::unique_ptr<WorkerPool> MakeWorkers(
    const std::vector<WarmTarget>& targets) {
  const std::size_t at_once = std::accumulate(
      targets.begin(), targets.end(), std::size_t{0},
      [](std::size_t sum, const auto& each) { return sum + each.refill; });
  if (at_once == 0) return nullptr;
  return std::make_unique<WorkerPool>(std::min(at_once, kMaxWorkers), at_once);
}

// The id of the image that `reference` means; empty if the list does not say.
// Engines list every image with a tag.
std::string FindImage(const std::vector<BackendImage>& images,
                      const std::string& reference) {
  const std::string last = reference.substr(reference.rfind('/') + 1);
  const std::string tagged = last.find_first_of(":@") == std::string::npos
                                 ? absl::StrCat(reference, ":latest")
                                 : reference;
  const auto found = std::find_if(images.begin(), images.end(),
                                  [&tagged](const BackendImage& image) {
                                    return image.reference == tagged;
                                  });
  return found == images.end() ? "" : found->id;
}

}  // namespace

WarmPool::WarmPool(const std::vector<WarmTarget>& targets,
                   WarmPoolServices services)
    : services_(std::move(services)), target_(SizeOf(targets)) {
  for (const WarmTarget& target : targets) shelves_.emplace_back(target);
  services_.metrics.SetWarm(0, target_);
  workers_ = MakeWorkers(targets);
}

// The workers go with the member, not before: one may still ask them for more,
// and is refused.
WarmPool::~WarmPool() { Close(); }

std::unique_ptr<Sandbox> WarmPool::Claim(const SandboxSpec& spec) {
  std::unique_ptr<Sandbox> claimed;
  Discards discards;
  if (spec.pull_policy != "always") {
    absl::MutexLock lock(&mutex_);
    const auto shelf =
        std::find_if(shelves_.begin(), shelves_.end(),
                     [&spec](const auto& each) { return each.Fits(spec); });
    if (shelf != shelves_.end()) {
      claimed =
          shelf->Claim(spec.image_id, services_.clock.Monotonic(), discards);
    }
    CountLeaving(discards);
  }
  Destroy(std::move(discards));
  services_.metrics.CountClaim(claimed != nullptr);
  ShowReady();
  // Not replaced at once: who claimed one is about to use the processor.
  return claimed;
}

void WarmPool::MakeRoom() {
  Discards discards;
  {
    absl::MutexLock lock(&mutex_);
    WarmShelf* oldest = nullptr;
    for (WarmShelf& shelf : shelves_) {
      if (shelf.empty()) continue;
      if (oldest == nullptr || shelf.oldest() < oldest->oldest()) {
        oldest = &shelf;
      }
    }
    if (oldest != nullptr) oldest->DropOldest(Discard::kRoom, discards);
    CountLeaving(discards);
  }
  Destroy(std::move(discards));
}

void WarmPool::SetBackend(bool up, const std::vector<BackendImage>& images) {
  Discards discards;
  {
    absl::MutexLock lock(&mutex_);
    up_ = up;
    for (WarmShelf& shelf : shelves_) {
      if (!up) continue;
      shelf.SetImage(FindImage(images, shelf.target().spec.image), discards);
      shelf.ForgetFailures();
    }
    CountLeaving(discards);
  }
  Destroy(std::move(discards));
  Refill();
}

void WarmPool::Tick() {
  Discards discards;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Duration now = services_.clock.Monotonic();
    for (WarmShelf& shelf : shelves_) shelf.Sweep(now, discards);
    CountLeaving(discards);
  }
  Destroy(std::move(discards));
  Refill();
}

void WarmPool::Refill() {
  std::vector<Making> plan;
  {
    absl::MutexLock lock(&mutex_);
    plan = PlanRefill();
  }
  Begin(plan);
}

std::vector<WarmPool::Making> WarmPool::PlanRefill() {
  std::vector<Making> plan;
  const absl::Duration now = services_.clock.Monotonic();
  for (WarmShelf& shelf : shelves_) {
    while (shelf.WantsMore(now) && MayMake(now)) {
      std::optional<SandboxQuota::Slot> slot = services_.quota.TryTake();
      if (!slot.has_value()) {
        shelf.Settle();
        break;
      }
      shelf.BeginMaking();
      plan.push_back({&shelf, shelf.SpecToMake(),
                      std::make_shared<SandboxQuota::Slot>(*std::move(slot))});
    }
  }
  return plan;
}

void WarmPool::Begin(const std::vector<Making>& plan) {
  for (const Making& making : plan) {
    if (workers_->TrySubmit([this, making] { Make(making); })) continue;
    // Cannot be: the queue takes as many as are made at once.
    HandleFailure(absl::ResourceExhaustedError("too many are being made"));
    absl::MutexLock lock(&mutex_);
    making.shelf->AddFailure(services_.clock.Monotonic());
  }
  ShowReady();
}

bool WarmPool::MayMake(absl::Duration now) {
  if (!up_ || closed_) return false;
  if (!services_.quota.in_demand()) {
    yielding_since_.reset();
    return true;
  }
  if (!yielding_since_.has_value()) yielding_since_ = now;
  if (now - *yielding_since_ < kLongestYield) return false;
  yielding_since_ = now;
  return true;
}

void WarmPool::Make(const Making& making) {
  const absl::Duration begin = services_.clock.Monotonic();
  // It belongs to no execution yet.
  auto made = services_.backend.Create(making.spec, /*execution_id=*/"",
                                       absl::Now() + kMakeTimeout, nullptr);
  services_.metrics.ObserveCreate(services_.clock.Monotonic() - begin,
                                  made.ok());
  Begin(HandleMade(making, std::move(made)));
}

std::vector<WarmPool::Making> WarmPool::HandleMade(
    const Making& making, absl::StatusOr<std::unique_ptr<Sandbox>> made) {
  if (!made.ok()) HandleFailure(made.status());
  Discards discards;
  std::vector<Making> next;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Duration now = services_.clock.Monotonic();
    if (made.ok()) {
      making.shelf->AddMade(HoldSlot(*std::move(made), std::move(*making.slot)),
                            now, discards);
    } else {
      making.shelf->AddFailure(now);
      // With the failure: who sees it finds the room free.
      making.slot->Release();
    }
    if (closed_) making.shelf->DropAll(Discard::kStop, discards);
    CountLeaving(discards);
    next = PlanRefill();
  }
  Destroy(std::move(discards));
  return next;
}

void WarmPool::HandleFailure(const absl::Status& status) {
  services_.metrics.CountWarmFailure();
  LogWarning("no sandbox could be made to wait", {{"error", status}});
  // An image that is not there yet is no trouble of the backend.
  if (!absl::IsNotFound(status)) services_.on_backend_trouble();
}

void WarmPool::CountLeaving(const Discards& discards) {
  absl::MutexLock lock(&leaving_->mutex);
  leaving_->count += discards.size();
}

void WarmPool::Destroy(Discards discards) {
  const bool lost =
      std::any_of(discards.begin(), discards.end(),
                  [](const auto& each) { return each.why == Discard::kLost; });
  if (lost) services_.on_backend_trouble();
  for (DiscardedSandbox& each : discards) {
    services_.metrics.CountWarmDiscard(WordOf(each.why));
    services_.reaper.Destroy(std::move(each.sandbox), [leaving = leaving_] {
      absl::MutexLock lock(&leaving->mutex);
      --leaving->count;
    });
  }
}

void WarmPool::AwaitFirstFill(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(this, &WarmPool::IsSettled), timeout);
}

void WarmPool::Close() {
  Discards discards;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    for (WarmShelf& shelf : shelves_) {
      shelf.DropAll(Discard::kStop, discards);
    }
    CountLeaving(discards);
  }
  Destroy(std::move(discards));
  ShowReady();
}

bool WarmPool::AwaitEmpty(absl::Time deadline) {
  {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithDeadline(
            absl::Condition(this, &WarmPool::IsMakingNothing), deadline)) {
      return false;
    }
  }
  absl::MutexLock lock(&leaving_->mutex);
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(leaving_->mutex) {
    return leaving_->count == 0;
  };
  return leaving_->mutex.AwaitWithDeadline(absl::Condition(&none), deadline);
}

std::size_t WarmPool::ready() const {
  absl::MutexLock lock(&mutex_);
  return CountReady();
}

void WarmPool::ShowReady() { services_.metrics.SetWarm(ready(), target_); }

bool WarmPool::IsSettled() const {
  return closed_ ||
         std::all_of(shelves_.begin(), shelves_.end(),
                     [](const auto& shelf) { return shelf.settled(); });
}

bool WarmPool::IsMakingNothing() const {
  return std::all_of(shelves_.begin(), shelves_.end(),
                     [](const auto& shelf) { return shelf.making() == 0; });
}

std::size_t WarmPool::CountReady() const {
  return std::accumulate(
      shelves_.begin(), shelves_.end(), std::size_t{0},
      [](std::size_t sum, const auto& each) { return sum + each.ready(); });
}

}  // namespace airlock::executor
