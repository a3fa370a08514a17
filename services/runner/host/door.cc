#include "services/runner/host/door.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace airlock::runner {
namespace {

constexpr std::size_t kLongestFolder = 4000;
constexpr std::size_t kLongestExecutor = 64;
constexpr int kBacklog = 8;
// For who was admitted to hand over, which it does at once.
constexpr int kHandOverMs = 1000;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// The address of a socket takes 107 bytes, a folder's path may be longer: so it
// goes by a descriptor of the folder.
class DoorAddress {
 public:
  explicit DoorAddress(const DoorPath& path)
      : folder_(::open(path.folder.c_str(),
                       O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {
    address_.sun_family = AF_UNIX;
    const std::string name = "/proc/self/fd/" + std::to_string(folder_.get()) +
                             "/" + path.executor + ".sock";
    // Problem() bounds the executor's name.
    std::memcpy(address_.sun_path, name.data(),
                std::min(name.size(), sizeof(address_.sun_path) - 1));
  }

  // Without a folder it leads nowhere.
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&address_);
  }
  static constexpr socklen_t kSize = sizeof(sockaddr_un);

 private:
  const UniqueFd folder_;
  sockaddr_un address_{};
};

UniqueFd Socket() {
  return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

bool IsOurAccount(int fd) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
         credentials.uid == ::geteuid();
}

// Who held a lock may have removed it before we had it.
bool IsStillAt(const std::string& path, int fd) {
  struct stat named {};
  struct stat opened {};
  if (::lstat(path.c_str(), &named) != 0 || ::fstat(fd, &opened) != 0) {
    return false;
  }
  if (named.st_dev == opened.st_dev && named.st_ino == opened.st_ino) {
    return true;
  }
  errno = EWOULDBLOCK;
  return false;
}

using Streams = std::array<int, 2>;

// Room for exactly two descriptors.
union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(sizeof(Streams))> bytes;
};

}  // namespace

std::string DoorPath::Problem() const {
  if (folder.empty() || folder.front() != '/' ||
      folder.size() > kLongestFolder) {
    return "--state must be an absolute path of at most 4000 bytes";
  }
  if (executor.empty() || executor.size() > kLongestExecutor ||
      !std::all_of(executor.begin(), executor.end(), IsNameCharacter)) {
    return "--executor must be 1 to 64 letters, digits, '-' or '_'";
  }
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    return "--state must be a folder of this account that nobody else may "
           "enter";
  }
  return "";
}

UniqueFd LockDoor(const DoorPath& path) {
  UniqueFd lock(::open(path.lock().c_str(),
                       O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.valid() && (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 ||
                       !IsStillAt(path.lock(), lock.get()))) {
    lock.Reset();
  }
  return lock;
}

UniqueFd OpenDoor(const DoorPath& path) {
  ::unlink(path.socket().c_str());
  UniqueFd listener = Socket();
  const DoorAddress address(path);
  if (!listener.valid() ||
      ::bind(listener.get(), address.get(), DoorAddress::kSize) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    listener.Reset();
  }
  return listener;
}

UniqueFd Knock(const DoorPath& path) {
  UniqueFd door = Socket();
  const DoorAddress address(path);
  if (door.valid() &&
      ::connect(door.get(), address.get(), DoorAddress::kSize) != 0) {
    door.Reset();
  }
  return door;
}

bool HandOver(int door) {
  char byte = 0;
  iovec content{&byte, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(Streams));
  const Streams streams{STDIN_FILENO, STDOUT_FILENO};
  std::memcpy(CMSG_DATA(header), streams.data(), sizeof(streams));
  return ::sendmsg(door, &message, MSG_NOSIGNAL) == 1;
}

Visitor Admit(int listener) {
  Visitor visitor;
  visitor.door = UniqueFd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!visitor.door.valid() || !IsOurAccount(visitor.door.get())) return {};
  pollfd wait{visitor.door.get(), POLLIN, 0};
  if (::poll(&wait, 1, kHandOverMs) != 1) return {};
  char byte = 0;
  iovec content{&byte, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &content;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  if (::recvmsg(visitor.door.get(), &message, MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET ||
      header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof(Streams))) {
    return {};
  }
  Streams streams{};
  std::memcpy(streams.data(), CMSG_DATA(header), sizeof(streams));
  visitor.in = UniqueFd(streams[0]);
  visitor.out = UniqueFd(streams[1]);
  return visitor;
}

}  // namespace airlock::runner
