// The sandboxes of one kind that wait.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_backend.h"
#include "services/executor/sandbox/warm_target.h"

namespace airlock::executor {

// Why a sandbox that waited was given up. The names are those of the metric.
enum class Discard { kLost, kAge, kImage, kRoom, kStop };

// A sandbox on its way out.
struct DiscardedSandbox {
  std::unique_ptr<Sandbox> sandbox;
  Discard why = Discard::kLost;
};
using Discards = std::vector<DiscardedSandbox>;

// What waits of one target, what is being made, and when to try again after a
// failure. Only bookkeeping: it makes and destroys nothing. Times are those of
// a monotonic clock. Not thread-safe.
class WarmShelf {
 public:
  explicit WarmShelf(WarmTarget target);

  // Whether a sandbox of this shelf is what `spec` asks for, if its image is
  // the right one.
  bool Fits(const SandboxSpec& spec) const;

  // The one that has waited longest; nothing if there is none that can be used
  // and has the image `image_id` (empty: any).
  std::unique_ptr<Sandbox> Claim(const std::string& image_id,
                                 absl::Duration now, Discards& discards);

  // Which image the engine has for the reference now; empty: it does not say.
  // What was made of another one goes.
  void SetImage(const std::string& image_id, Discards& discards);
  // Removes what cannot be used any more, and the oldest if it is too old and
  // nothing is being made in place of another one. One that did not even last a
  // few seconds counts as a failure to make it.
  void Sweep(absl::Duration now, Discards& discards);
  // Removes the oldest, or all.
  void DropOldest(Discard why, Discards& discards);
  void DropAll(Discard why, Discards& discards);

  // Whether one more shall be made now.
  bool WantsMore(absl::Duration now) const;
  // One more is being made; AddMade() or AddFailure() follows.
  void BeginMaking() { ++making_; }
  void AddMade(std::unique_ptr<Sandbox> sandbox, absl::Duration now,
               Discards& discards);
  void AddFailure(absl::Duration now);
  // Making was not possible just now: neither made nor failed.
  void Settle() { settled_ = true; }
  // What failed before may succeed now.
  void ForgetFailures();

  // How to make one: pulls nothing, and takes no other image than the engine
  // was said to have.
  SandboxSpec SpecToMake() const;

  // Whether it was full once, or could not be filled.
  bool settled() const { return settled_; }
  bool empty() const { return entries_.empty(); }
  std::size_t ready() const { return entries_.size(); }
  std::size_t making() const { return making_; }
  // Since when the oldest waits. There must be one.
  absl::Duration oldest() const { return entries_.front().since; }
  const WarmTarget& target() const { return target_; }

 private:
  struct Entry {
    std::unique_ptr<Sandbox> sandbox;
    absl::Duration since;
  };

  void RemoveLost(absl::Duration now, Discards& discards);
  // One could not be made, or was lost at once: the next one waits a while.
  void BackOff(absl::Duration now);

  const WarmTarget target_;
  // Empty: unknown.
  std::string image_id_;
  // Oldest first; at most the target's size.
  std::deque<Entry> entries_;
  std::size_t making_ = 0;
  // In a row, since one was seen to last.
  int failures_ = 0;
  absl::Duration try_at_;
  bool settled_ = false;
};

}  // namespace airlock::executor
