#include "services/runner/keepers.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

namespace airlock::runner {

Keepers::Keepers(EventLoop& loop) : loop_(loop), heap_end_(::sbrk(0)) {}

Keepers::~Keepers() {
  // The end of its channel tells a keeper to kill.
  for (auto& [pid, keeper] : keepers_) Close(keeper);
}

StartError Keepers::Start(const LaunchPlan& plan, KeeperListener& listener,
                          pid_t& keeper) {
  if (keepers_.size() >= kMaxKeepers) {
    return {kStartFailed,
            "256 processes run or have left programs in the background"};
  }
  std::array<int, 2> ends = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends.data()) != 0) {
    return {kStartFailed,
            std::string("cannot make a channel: ") + std::strerror(errno)};
  }
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  // A copy of this program, so that it is never dumpable, not even for the
  // moment that an exec would take to give that up.
  const pid_t pid = ::fork();
  if (pid < 0) {
    return {kStartFailed,
            std::string("cannot create a process: ") + std::strerror(errno)};
  }
  if (pid == 0) KeeperMain(plan, theirs.get(), heap_end_);
  keeper = pid;
  const int channel = ours.get();
  keepers_[pid] = {std::move(ours), &listener};
  if (!loop_.Add(channel, EPOLLIN,
                 [this, pid](std::uint32_t) { Listen(pid); })) {
    // Its end without a report will be told as the loss that it is.
    Close(keepers_[pid]);
  }
  return {};
}

void Keepers::Order(pid_t keeper, KeeperOrder order) {
  const auto found = keepers_.find(keeper);
  if (found == keepers_.end()) return;
  // A keeper gets three orders at most: they always fit.
  ::send(found->second.channel.get(), &order, sizeof(order), MSG_NOSIGNAL);
}

void Keepers::Forget(pid_t keeper) {
  const auto found = keepers_.find(keeper);
  if (found != keepers_.end()) found->second.listener = nullptr;
}

void Keepers::Listen(pid_t pid) {
  const auto found = keepers_.find(pid);
  if (found == keepers_.end()) return;
  Keeper& keeper = found->second;
  KeeperReport report;
  while (keeper.channel.valid()) {
    const ssize_t size =
        ::recv(keeper.channel.get(), &report, sizeof(report), MSG_DONTWAIT);
    // A keeper that ended with an order unread: told once, and before what it
    // said last.
    if (size < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size != sizeof(report)) return Close(keeper);
    if (keeper.listener != nullptr) keeper.listener->OnReport(report);
  }
}

bool Keepers::OnBuried(pid_t pid) {
  const auto found = keepers_.find(pid);
  if (found == keepers_.end()) return false;
  // Its last words came before its end, but perhaps not to our eyes.
  Listen(pid);
  KeeperListener* const listener = found->second.listener;
  Close(found->second);
  keepers_.erase(found);
  if (listener != nullptr) listener->OnKeeperGone();
  return true;
}

void Keepers::OnStopped(pid_t pid) {
  if (keepers_.contains(pid)) ::kill(pid, SIGCONT);
}

void Keepers::Close(Keeper& keeper) {
  if (!keeper.channel.valid()) return;
  loop_.Remove(keeper.channel.get());
  keeper.channel.Reset();
}

}  // namespace airlock::runner
