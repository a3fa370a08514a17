// All keepers, as the runner sees them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>

#include "services/runner/event_loop.h"
#include "services/runner/keeper.h"
#include "services/runner/launch.h"
#include "services/runner/start_error.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {

// Hears of one keeper.
class KeeperListener {
 public:
  virtual ~KeeperListener() = default;

  virtual void OnReport(const KeeperReport& report) = 0;
  // It is dead, and nothing more is heard.
  virtual void OnKeeperGone() = 0;
};

// Makes keepers, speaks with them and buries them. One whose process has ended
// stays as long as something lives below it. Not thread-safe; their end is the
// end of all keepers and of what they keep.
class Keepers {
 public:
  // With those that nobody listens to any more.
  static constexpr std::size_t kMaxKeepers = 256;

  // `loop` must outlive this. Made early: a keeper does without the memory that
  // this program takes from here on.
  explicit Keepers(EventLoop& loop);
  ~Keepers();
  Keepers(const Keepers&) = delete;
  Keepers& operator=(const Keepers&) = delete;

  // Makes a keeper that starts what `plan` says, and sets `keeper` to its pid.
  // Whether the program runs is heard later.
  StartError Start(const LaunchPlan& plan, KeeperListener& listener,
                   pid_t& keeper);

  // Nothing happens if there is no such keeper any more.
  void Order(pid_t keeper, KeeperOrder order);

  // Its listener is about to go.
  void Forget(pid_t keeper);

  // A child was buried. False: it was no keeper.
  bool OnBuried(pid_t pid);

  // A child was stopped. From inside that is all that can be done to a keeper
  // besides killing it; it goes on at once.
  void OnStopped(pid_t pid);

 private:
  struct Keeper {
    UniqueFd channel;
    KeeperListener* listener = nullptr;
  };

  void Listen(pid_t pid);
  void Close(Keeper& keeper);

  EventLoop& loop_;
  // Where this program's heap ended.
  void* const heap_end_;
  std::map<pid_t, Keeper> keepers_;
};

}  // namespace airlock::runner
