#include "services/runner/event_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace airlock::runner {
namespace {

// Longer waits are as good as for ever, and do not overflow.
constexpr std::chrono::milliseconds kLongestDelay = std::chrono::hours(87600);

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
                                   static_cast<int>(events.size()), -1);
    for (int i = 0; i < count && !stopped_; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto fd = fds_by_id_.find(event.data.u64);
      if (fd == fds_by_id_.end()) continue;  // removed earlier in this batch
      watches_.at(fd->second).handler(event.events);
      RunDeferred();
    }
  }
  return exit_code_;
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
    : loop_(loop),
      function_(std::move(function)),
      fd_(CheckedFd(
          ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
          "timerfd_create")) {
  const bool added = loop_.Add(fd_.get(), EPOLLIN, [this](std::uint32_t) {
    std::uint64_t expirations = 0;
    // Disarmed in the same batch: nothing to read, nothing to do.
    if (::read(fd_.get(), &expirations, sizeof(expirations)) > 0) function_();
  });
  if (!added) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

Timer::~Timer() { loop_.Remove(fd_.get()); }

void Timer::Arm(std::chrono::milliseconds delay) {
  delay = std::clamp(delay, std::chrono::milliseconds(0), kLongestDelay);
  itimerspec spec{};
  spec.it_value.tv_sec = delay.count() / 1000;
  spec.it_value.tv_nsec = (delay.count() % 1000) * 1'000'000;
  // All zero would disarm.
  if (delay.count() == 0) spec.it_value.tv_nsec = 1;
  ::timerfd_settime(fd_.get(), 0, &spec, nullptr);
}

void Timer::Disarm() {
  const itimerspec spec{};
  ::timerfd_settime(fd_.get(), 0, &spec, nullptr);
}

}  // namespace airlock::runner
