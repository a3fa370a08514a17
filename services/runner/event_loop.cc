#include "services/runner/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace airlock::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Longer waits are as good as for ever, and do not overflow.
constexpr milliseconds kLongestDelay = std::chrono::hours(87600);
// One wait for events: when nothing came, the loop looks at the time again.
constexpr milliseconds kLongestWait = std::chrono::hours(1);

int CheckedFd(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

EventLoop::EventLoop()
    : epoll_(CheckedFd(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

bool EventLoop::Add(int fd, std::uint32_t events, Handler handler) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = next_id_;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  fds_by_id_[next_id_] = fd;
  watches_[fd] = Watch{next_id_, std::move(handler)};
  ++next_id_;
  return true;
}

void EventLoop::Remove(int fd) {
  const auto watch = watches_.find(fd);
  if (watch == watches_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  fds_by_id_.erase(watch->second.id);
  // The handler that runs now may be this one: it must outlive its call.
  Defer([handler = std::move(watch->second.handler)] {});
  watches_.erase(watch);
}

void EventLoop::Defer(std::function<void()> function) {
  deferred_.push_back(std::move(function));
}

int EventLoop::Run() {
  std::array<epoll_event, 16> events;
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(),
                                   static_cast<int>(events.size()), WaitMs());
    for (int i = 0; i < count && !stopped_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      // A copy: the kernel's struct is packed, and a reference to its field
      // would not be aligned.
      const std::uint64_t id = event.data.u64;
      const auto fd = fds_by_id_.find(id);
      if (fd == fds_by_id_.end()) continue;  // removed earlier in this batch
      watches_.at(fd->second).handler(event.events);
      RunDeferred();
    }
    RunTimers();
  }
  return exit_code_;
}

int EventLoop::WaitMs() const {
  if (timers_.empty()) return -1;
  // Never too early: it would wake up, find nothing due and spin.
  const auto left = std::chrono::ceil<milliseconds>(timers_.begin()->first -
                                                    steady_clock::now());
  return static_cast<int>(
      std::clamp(left, milliseconds(0), kLongestWait).count());
}

void EventLoop::RunTimers() {
  // What is armed from here on waits for the next turn.
  const auto now = steady_clock::now();
  while (!stopped_ && !timers_.empty() && timers_.begin()->first <= now) {
    Timer& timer = *timers_.begin()->second;
    timer.Disarm();
    timer.function_();
    RunDeferred();
  }
}

void EventLoop::Stop(int exit_code) {
  if (stopped_) return;
  stopped_ = true;
  exit_code_ = exit_code;
}

void EventLoop::RunDeferred() {
  while (!deferred_.empty()) {
    const std::vector<std::function<void()>> now = std::exchange(deferred_, {});
    for (const std::function<void()>& function : now) function();
  }
}

Timer::Timer(EventLoop& loop, std::function<void()> function)
    : loop_(loop), function_(std::move(function)) {}

Timer::~Timer() { Disarm(); }

void Timer::Arm(milliseconds delay) {
  Disarm();
  delay = std::clamp(delay, milliseconds(0), kLongestDelay);
  place_ = loop_.timers_.emplace(steady_clock::now() + delay, this);
  armed_ = true;
}

void Timer::Disarm() {
  if (!std::exchange(armed_, false)) return;
  loop_.timers_.erase(place_);
}

}  // namespace airlock::runner
