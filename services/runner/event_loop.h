// One thread that waits for descriptors and timers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

#include "services/runner/unique_fd.h"

namespace airlock::runner {

class Timer;

// Calls a handler when its descriptor is ready (level-triggered). Everything
// happens on the thread that calls Run(). Not thread-safe.
class EventLoop {
 public:
  // With the events that are there (EPOLLIN...).
  using Handler = std::function<void(std::uint32_t events)>;

  // Throws std::system_error when the kernel gives no epoll instance.
  EventLoop();

  // Watches `fd` for `events`. False when the kernel cannot watch it (a
  // regular file). EPOLLHUP and EPOLLERR come unasked: whoever does not want
  // them now removes the descriptor.
  [[nodiscard]] bool Add(int fd, std::uint32_t events, Handler handler);

  // Stops watching; a no-op for an unknown `fd`. Always before its close: the
  // description may live on in a child, and its events would go on.
  void Remove(int fd);

  // Calls `function` after the handler that runs now, so that a handler can
  // cause the end of its own object.
  void Defer(std::function<void()> function);

  // Runs until Stop(); returns its argument.
  int Run();

  // Makes Run() return after the handler that runs now.
  void Stop(int exit_code);

 private:
  struct Watch {
    std::uint64_t id = 0;
    Handler handler;
  };

  friend class Timer;

  // When each armed timer is due. It needs no descriptor: with many processes
  // at a time those are scarce.
  using Timers = std::multimap<std::chrono::steady_clock::time_point, Timer*>;

  // How long to wait for events, in milliseconds. -1: for ever.
  int WaitMs() const;
  void RunTimers();
  void RunDeferred();

  UniqueFd epoll_;
  Timers timers_;
  // An event carries the id, not the descriptor: the number may be reused
  // between two events of one batch.
  std::unordered_map<std::uint64_t, int> fds_by_id_;
  std::unordered_map<int, Watch> watches_;
  std::uint64_t next_id_ = 1;
  std::vector<std::function<void()>> deferred_;
  bool stopped_ = false;
  int exit_code_ = 0;
};

// Calls a function once after a time on the monotonic clock. The function must
// not destroy its timer.
class Timer {
 public:
  // `loop` must outlive this.
  Timer(EventLoop& loop, std::function<void()> function);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Counts anew, from now. 0: at once.
  void Arm(std::chrono::milliseconds delay);

  // Forgets it.
  void Disarm();

 private:
  friend class EventLoop;

  EventLoop& loop_;
  std::function<void()> function_;
  bool armed_ = false;
  // With `armed_`: where it is in the loop.
  EventLoop::Timers::iterator place_;
};

}  // namespace airlock::runner
