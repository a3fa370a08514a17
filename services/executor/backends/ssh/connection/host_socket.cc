#include "services/executor/backends/ssh/connection/host_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/status/error.h"

namespace airlock::executor {
namespace {

// Of look-ups that nobody waits for any more: the C library cannot end them.
constexpr int kMaxLookups = 8;
constexpr absl::Duration kSilence = absl::Seconds(30);
constexpr absl::Duration kLongestPoll = absl::Minutes(1);

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// A name's addresses, once somebody knows them. Thread-safe.
struct Lookup {
  // Rung when they are known.
  WakeUp done;
  absl::Mutex mutex;
  // Of getaddrinfo().
  int error ABSL_GUARDED_BY(mutex) = 0;
  Addresses addresses ABSL_GUARDED_BY(mutex);
};

std::atomic<int>& RunningLookups() {
  static std::atomic<int> count = 0;
  return count;
}

absl::Status Unreachable(absl::string_view place, absl::string_view cause) {
  return MakeError(absl::StatusCode::kUnavailable, "SSH_UNREACHABLE",
                   absl::StrCat("cannot connect to ", place, ": ", cause),
                   {{"address", std::string(place)}});
}

absl::Status TooSlow(absl::string_view place, absl::string_view what) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, "SSH_TIMEOUT",
                   absl::StrCat("cannot connect to ", place, ": ", what,
                                " in time (sandbox.ssh.connectTimeout)"),
                   {{"address", std::string(place)}});
}

void LookUp(const std::shared_ptr<Lookup>& lookup, const std::string& host,
            int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error =
      getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &list);
  const absl::MutexLock lock(&lookup->mutex);
  lookup->addresses.reset(error == 0 ? list : nullptr);
  lookup->error = error;
  lookup->done.Ring();
}

// getaddrinfo() takes as long as it likes, so it has a thread of its own, which
// is left alone if it takes longer than there is time.
absl::StatusOr<Addresses> FindAddresses(const std::string& host, int port,
                                        const std::string& place,
                                        absl::Time deadline,
                                        const WakeUp* stop) {
  if (RunningLookups().fetch_add(1) >= kMaxLookups) {
    RunningLookups().fetch_sub(1);
    return Unreachable(place, "too many look-ups of names are waiting");
  }
  std::shared_ptr<Lookup> lookup;
  try {
    lookup = std::make_shared<Lookup>();
    std::thread([lookup, host, port] {
      LookUp(lookup, host, port);
      RunningLookups().fetch_sub(1);
    }).detach();
  } catch (const std::runtime_error&) {
    RunningLookups().fetch_sub(1);
    return Unreachable(place, "no thread or descriptor is left to look it up");
  }
  if (!WaitForSocket(lookup->done.fd(), POLLIN, deadline, stop)) {
    return TooSlow(place, "its name was not looked up");
  }
  const absl::MutexLock lock(&lookup->mutex);
  if (lookup->error != 0) {
    return Unreachable(place, gai_strerror(lookup->error));
  }
  return std::move(lookup->addresses);
}

void SetOption(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof(value));
}

// A connected socket, or the error number; ETIMEDOUT at the deadline.
absl::StatusOr<int> ConnectOne(const addrinfo& address,
                               const std::string& place, absl::Time deadline,
                               const WakeUp* stop) {
  const int fd =
      socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Unreachable(place, std::strerror(errno));
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(absl::ToInt64Milliseconds(kSilence)));
  int error = 0;
  if (connect(fd, address.ai_addr, address.ai_addrlen) != 0) error = errno;
  const bool late =
      error == EINPROGRESS && !WaitForSocket(fd, POLLOUT, deadline, stop);
  if (error == EINPROGRESS && !late) {
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return fd;
  close(fd);
  return late ? TooSlow(place, "it did not answer")
              : Unreachable(place, std::strerror(error));
}

}  // namespace

absl::StatusOr<HostSocket> HostSocket::Connect(const std::string& host,
                                               int port, absl::Time deadline,
                                               const WakeUp* stop) {
  const std::string place = absl::StrCat(host, ":", port);
  absl::StatusOr<Addresses> found =
      FindAddresses(host, port, place, deadline, stop);
  if (!found.ok()) return found.status();
  int left = 0;
  for (const addrinfo* one = found->get(); one != nullptr; one = one->ai_next) {
    ++left;
  }
  absl::Status last = Unreachable(place, "the name has no address");
  for (const addrinfo* one = found->get(); one != nullptr; one = one->ai_next) {
    const absl::Time now = absl::Now();
    const absl::Time share = deadline == absl::InfiniteFuture()
                                 ? deadline
                                 : now + (deadline - now) / left--;
    const absl::StatusOr<int> fd = ConnectOne(*one, place, share, stop);
    if (fd.ok()) return HostSocket(*fd, stop);
    last = fd.status();
  }
  return last;
}

HostSocket::~HostSocket() {
  if (fd_ >= 0) close(fd_);
}

void HostSocket::ShutDown() const { shutdown(fd_, SHUT_RDWR); }

bool HostSocket::Wait(int events, absl::Time deadline) const {
  return WaitForSocket(fd_, events, deadline, stop_);
}

bool HostSocket::IsTooLate(absl::Time deadline) const {
  return absl::Now() >= deadline ||
         (stop_ != nullptr &&
          WaitForSocket(stop_->fd(), POLLIN, absl::InfinitePast()));
}

bool WaitForSocket(int fd, int events, absl::Time deadline,
                   const WakeUp* stop) {
  while (true) {
    const absl::Duration left = deadline - absl::Now();
    // Rounded up: nobody comes back a moment before the deadline to find
    // nothing.
    const std::int64_t wait = absl::ToInt64Milliseconds(
        std::clamp(left, absl::ZeroDuration(), kLongestPoll) +
        absl::Nanoseconds(999'999));
    std::array<pollfd, 2> waits{
        pollfd{fd, static_cast<decltype(pollfd::events)>(events), 0},
        pollfd{stop == nullptr ? -1 : stop->fd(), POLLIN, 0}};
    const int count = poll(waits.data(), waits.size(), static_cast<int>(wait));
    if (count > 0) return waits[1].revents == 0;
    if (count < 0 && errno != EINTR) return true;
    if (absl::Now() >= deadline) return false;
  }
}

}  // namespace airlock::executor
