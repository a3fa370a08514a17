#include "tests/support/unix_proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace airlock {
namespace {

using Buffer = std::array<char, 65536>;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    throw std::runtime_error(absl::StrCat("path too long: ", path));
  }
  memcpy(address.sun_path, path.data(), path.size());
  return address;
}

sockaddr_in AddressOf(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int NewSocket(int family) {
  return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

// Bytes read; 0 at the end, or when the connection broke.
std::size_t ReadSome(int fd, Buffer& buffer) {
  while (true) {
    const ssize_t size = read(fd, buffer.data(), buffer.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return 0;
  }
}

bool SendAll(int fd, absl::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Whether the peer has gone altogether; a half close is not that.
bool IsGone(int fd) {
  pollfd look = {fd, 0, 0};
  return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

}  // namespace

UnixProxy::UnixProxy(std::string path, std::variant<std::string, int> target)
    : path_(std::move(path)), target_(std::move(target)) {
  Start();
}

UnixProxy::~UnixProxy() { Stop(); }

void UnixProxy::Start() {
  const sockaddr_un address = AddressOf(path_);
  listener_ = NewSocket(AF_UNIX);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0 ||
      listen(listener_, 128) != 0) {
    throw std::runtime_error(absl::StrCat(path_, ": ", strerror(errno)));
  }
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = false;
  }
  acceptor_ = std::thread([this, fd = listener_] { Accept(fd); });
}

void UnixProxy::Stop() {
  if (listener_ < 0) return;
  unlink(path_.c_str());
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
  }
  acceptor_.join();
  close(std::exchange(listener_, -1));
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& connection : connections_) {
      shutdown(connection->client, SHUT_RDWR);
      shutdown(connection->server, SHUT_RDWR);
    }
    const auto all_done = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      for (const auto& connection : connections_) {
        if (!connection->up_done || !connection->down_done) return false;
      }
      return true;
    };
    mutex_.Await(absl::Condition(&all_done));
  }
  Sweep();
}

void UnixProxy::Accept(int listener) {
  while (true) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0 && errno == EINTR) continue;
    if (client < 0) return;
    Open(client);
    Sweep();
  }
}

int UnixProxy::Dial() const {
  return std::visit(
      [](const auto& target) {
        const auto address = AddressOf(target);
        const auto* raw = reinterpret_cast<const sockaddr*>(&address);
        const int server = NewSocket(raw->sa_family);
        if (connect(server, raw, sizeof(address)) == 0) return server;
        close(server);
        return -1;
      },
      target_);
}

void UnixProxy::Open(int client) {
  const int server = Dial();
  absl::MutexLock lock(&mutex_);
  if (stopping_ || server < 0) {
    close(client);
    if (server >= 0) close(server);
    return;
  }
  auto connection = std::make_unique<Connection>();
  Connection& raw = *connection;
  raw.client = client;
  raw.server = server;
  raw.up = std::thread([this, &raw] { CopyUp(raw); });
  raw.down = std::thread([this, &raw] { CopyDown(raw); });
  connections_.push_back(std::move(connection));
}

void UnixProxy::CopyUp(Connection& connection) {
  Buffer buffer;
  while (const std::size_t size = ReadSome(connection.client, buffer)) {
    const absl::string_view data(buffer.data(), size);
    if (!Pass(connection, data) || !SendAll(connection.server, data)) break;
  }
  shutdown(connection.server, SHUT_WR);
  absl::MutexLock lock(&mutex_);
  connection.up_done = true;
}

void UnixProxy::CopyDown(Connection& connection) {
  Buffer buffer;
  while (const std::size_t size = ReadSome(connection.server, buffer)) {
    PassAnswer();
    if (!SendAll(connection.client, {buffer.data(), size})) break;
  }
  // A server that has ended its answers reads no more either.
  shutdown(connection.client, SHUT_RDWR);
  shutdown(connection.server, SHUT_RDWR);
  absl::MutexLock lock(&mutex_);
  connection.down_done = true;
}

bool UnixProxy::Pass(const Connection& connection, absl::string_view data) {
  absl::MutexLock lock(&mutex_);
  if (held_text_.empty() || !absl::StrContains(data, held_text_)) return true;
  ++held_;
  const auto goes_on = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return held_text_.empty() || stopping_;
  };
  mutex_.Await(absl::Condition(&goes_on));
  --held_;
  return !stopping_ && !IsGone(connection.client);
}

void UnixProxy::PassAnswer() {
  absl::MutexLock lock(&mutex_);
  const auto goes_on = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !answers_held_ || stopping_;
  };
  mutex_.Await(absl::Condition(&goes_on));
}

void UnixProxy::HoldAnswers(bool held) {
  absl::MutexLock lock(&mutex_);
  answers_held_ = held;
}

void UnixProxy::Hold(absl::string_view text) {
  absl::MutexLock lock(&mutex_);
  held_text_ = std::string(text);
}

bool UnixProxy::WaitHeld(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  const auto held = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return held_ > 0;
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&held), timeout);
}

void UnixProxy::Sweep() {
  std::list<std::unique_ptr<Connection>> over;
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = connections_.begin(); it != connections_.end();) {
      const auto next = std::next(it);
      if ((*it)->up_done && (*it)->down_done) {
        over.splice(over.end(), connections_, it);
      }
      it = next;
    }
  }
  for (const auto& connection : over) {
    connection->up.join();
    connection->down.join();
    close(connection->client);
    close(connection->server);
  }
}

}  // namespace airlock
