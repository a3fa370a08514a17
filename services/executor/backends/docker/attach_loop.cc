#include "services/executor/backends/docker/attach_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/executor/backends/docker/attach_channel.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kReadBufferBytes = std::size_t{64} * 1024;
constexpr std::uint64_t kWakeKey = 0;

int CheckedFd(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

// What the thread and the streams share; the last of them closes it.
class AttachLoopCore {
 public:
  AttachLoopCore()
      : epoll_(CheckedFd(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
        wake_(CheckedFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
    Control(EPOLL_CTL_ADD, wake_, kWakeKey, EPOLLIN);
  }
  ~AttachLoopCore() {
    close(wake_);
    close(epoll_);
  }
  AttachLoopCore(const AttachLoopCore&) = delete;
  AttachLoopCore& operator=(const AttachLoopCore&) = delete;

  // A number for one more channel.
  std::uint64_t NewKey() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return next_key_++;
  }

  // Begins to serve a channel.
  void Add(std::uint64_t key, const std::shared_ptr<AttachChannel>& channel)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    bool refused = false;
    {
      absl::MutexLock lock(&mutex_);
      refused = stopping_;
      if (!refused) {
        Control(EPOLL_CTL_ADD, channel->fd(), key, EPOLLIN);
        channels_[key] = channel;
        // Bytes may have come with the upgrade.
        ready_.push_back(key);
      }
    }
    if (refused) {
      channel->Finish(StoppedError());
    } else {
      Wake();
    }
  }

  // Asks the thread to finish a channel.
  void RequestClose(std::uint64_t key) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (!channels_.contains(key)) return;
      closing_.push_back(key);
    }
    Wake();
  }

  // Calls back when the socket of a channel can take more.
  void WatchWritable(std::uint64_t key, bool watch)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto found = channels_.find(key);
    if (found == channels_.end()) return;
    Control(EPOLL_CTL_MOD, found->second->fd(), key,
            watch ? EPOLLIN | EPOLLOUT : EPOLLIN);
  }

  // Serves until Stop(), then finishes every channel.
  void Run() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<char> buffer(kReadBufferBytes);
    while (!stopping()) {
      WaitForEvents();
      for (const std::uint64_t key : TakeClosing()) {
        FinishChannel(key, absl::CancelledError("the stream was closed"));
      }
      for (const std::uint64_t key : TakeReady()) PumpChannel(key, buffer);
    }
    while (true) {
      std::uint64_t key = 0;
      {
        absl::MutexLock lock(&mutex_);
        if (channels_.empty()) break;
        key = channels_.begin()->first;
      }
      FinishChannel(key, StoppedError());
    }
  }

  void Stop() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    Wake();
  }

 private:
  static absl::Status StoppedError() {
    return absl::CancelledError("the backend has stopped");
  }

  bool stopping() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return stopping_;
  }

  void Control(int operation, int fd, std::uint64_t key,
               std::uint32_t events) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = key;
    CheckedFd(epoll_ctl(epoll_, operation, fd, &event), "epoll_ctl");
  }

  void Wake() const {
    const std::uint64_t one = 1;
    // A full counter means that a wake-up is already on its way.
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof(one));
  }

  void WaitForEvents() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::array<epoll_event, 64> events{};
    bool busy = false;
    {
      absl::MutexLock lock(&mutex_);
      busy = !ready_.empty();
    }
    const int count = epoll_wait(
        epoll_, events.data(), static_cast<int>(events.size()), busy ? 0 : -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t key = events.at(static_cast<std::size_t>(i)).data.u64;
      if (key == kWakeKey) {
        std::uint64_t wakes = 0;
        [[maybe_unused]] const ssize_t got = read(wake_, &wakes, sizeof(wakes));
        continue;
      }
      if ((events.at(static_cast<std::size_t>(i)).events & EPOLLOUT) != 0) {
        FlushChannel(key);
      }
      absl::MutexLock lock(&mutex_);
      ready_.push_back(key);
    }
  }

  std::vector<std::uint64_t> TakeReady() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return std::exchange(ready_, {});
  }

  std::vector<std::uint64_t> TakeClosing() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return std::exchange(closing_, {});
  }

  std::shared_ptr<AttachChannel> Find(std::uint64_t key)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto found = channels_.find(key);
    return found == channels_.end() ? nullptr : found->second;
  }

  void FlushChannel(std::uint64_t key) {
    const std::shared_ptr<AttachChannel> channel = Find(key);
    if (channel == nullptr) return;
    // First the watch, then the flush: a Write() in between arms it again.
    WatchWritable(key, false);
    if (channel->Flush()) WatchWritable(key, true);
  }

  void PumpChannel(std::uint64_t key, std::vector<char>& buffer)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const std::shared_ptr<AttachChannel> channel = Find(key);
    if (channel == nullptr) return;
    switch (channel->Pump(buffer)) {
      case AttachChannel::Progress::kDrained:
        return;
      case AttachChannel::Progress::kEnded:
        FinishChannel(key, absl::OkStatus());
        return;
      case AttachChannel::Progress::kMoreWaits: {
        absl::MutexLock lock(&mutex_);
        ready_.push_back(key);
        return;
      }
    }
  }

  void FinishChannel(std::uint64_t key, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    std::shared_ptr<AttachChannel> channel;
    {
      absl::MutexLock lock(&mutex_);
      const auto found = channels_.find(key);
      if (found == channels_.end()) return;
      channel = std::move(found->second);
      channels_.erase(found);
      // Before the descriptor is closed, or its number may be another's.
      Control(EPOLL_CTL_DEL, channel->fd(), key, 0);
    }
    channel->Finish(status);
  }

  const int epoll_;
  const int wake_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t next_key_ ABSL_GUARDED_BY(mutex_) = kWakeKey + 1;
  absl::flat_hash_map<std::uint64_t, std::shared_ptr<AttachChannel>> channels_
      ABSL_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> ready_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> closing_ ABSL_GUARDED_BY(mutex_);
};

namespace {

// ByteStream over a channel of the loop.
class AttachStream final : public ByteStream {
 public:
  AttachStream(std::shared_ptr<AttachLoopCore> core,
               std::unique_ptr<UpgradedConnection> connection)
      : core_(std::move(core)),
        channel_(std::make_shared<AttachChannel>(std::move(connection))),
        key_(core_->NewKey()) {}
  ~AttachStream() override { Close(); }

  void Start(std::shared_ptr<ByteStreamObserver> observer) override {
    channel_->SetObserver(std::move(observer));
    core_->Add(key_, channel_);
  }

  void Write(std::string data) override {
    if (channel_->Write(std::move(data))) core_->WatchWritable(key_, true);
  }

  void Close() override { core_->RequestClose(key_); }

 private:
  const std::shared_ptr<AttachLoopCore> core_;
  const std::shared_ptr<AttachChannel> channel_;
  const std::uint64_t key_;
};

}  // namespace

AttachLoop::AttachLoop()
    : core_(std::make_shared<AttachLoopCore>()),
      thread_([core = core_] { core->Run(); }) {}

AttachLoop::~AttachLoop() {
  core_->Stop();
  thread_.join();
}

std::unique_ptr<ByteStream> AttachLoop::Adopt(
    std::unique_ptr<UpgradedConnection> connection) {
  return std::make_unique<AttachStream>(core_, std::move(connection));
}

}  // namespace airlock::executor
