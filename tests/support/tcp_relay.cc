#include "tests/support/tcp_relay.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "absl/time/clock.h"

namespace airlock {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;
constexpr std::size_t kReadBytes = std::size_t{256} << 10U;
constexpr std::size_t kWaitsPerWay = 2;
constexpr std::size_t kWaitsOfOurs = 2;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Small pieces go at once, and nothing blocks.
void Prepare(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

bool WouldBlock() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

TcpRelay::TcpRelay(int target_port, absl::Duration one_way)
    : target_port_(target_port),
      one_way_(one_way),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (wake_ < 0 || bind(listener_, generic, size) != 0 ||
      listen(listener_, 128) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("the relay cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TcpRelay::~TcpRelay() {
  stopping_ = true;
  WakeUp();
  thread_.join();
  for (const Connection& connection : connections_) {
    close(connection.up.from);
    close(connection.up.to);
  }
  close(listener_);
  close(wake_);
}

void TcpRelay::WakeUp() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof(one));
}

void TcpRelay::HoldAfterAnswer() {
  absl::MutexLock lock(&mutex_);
  gate_ = Gate::kArmed;
}

bool TcpRelay::holding() const {
  absl::MutexLock lock(&mutex_);
  return gate_ == Gate::kHeld;
}

void TcpRelay::Release() {
  {
    absl::MutexLock lock(&mutex_);
    gate_ = Gate::kOpen;
  }
  WakeUp();
}

void TcpRelay::Note(bool is_up) {
  absl::MutexLock lock(&mutex_);
  if (gate_ == Gate::kArmed && is_up) gate_ = Gate::kAsked;
  if (gate_ == Gate::kAsked && !is_up) gate_ = Gate::kHeld;
}

void TcpRelay::Run() {
  while (!stopping_) {
    std::vector<pollfd> waits = {{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Connection& connection : connections_) {
      AppendWaits(connection.up, waits);
      AppendWaits(connection.down, waits);
    }
    const timespec patience = absl::ToTimespec(Patience());
    ppoll(waits.data(), waits.size(), &patience, nullptr);
    std::uint64_t rings = 0;
    [[maybe_unused]] const ssize_t got = read(wake_, &rings, sizeof(rings));
    const pollfd* next = waits.data() + kWaitsOfOurs;
    for (Connection& connection : connections_) {
      Serve(connection, next);
      next += 2 * kWaitsPerWay;
    }
    connections_.remove_if([](const Connection& connection) {
      const bool over = connection.up.over && connection.down.over;
      if (!over && !connection.broken) return false;
      close(connection.up.from);
      close(connection.up.to);
      return true;
    });
    // Last: its waits are not among those above.
    if (waits[1].revents != 0) Accept();
  }
}

void TcpRelay::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(target_port_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    close(client);
    close(server);
    return;
  }
  Prepare(client);
  Prepare(server);
  Connection& connection = connections_.emplace_back();
  connection.up.is_up = true;
  connection.up.from = connection.down.to = client;
  connection.up.to = connection.down.from = server;
}

void TcpRelay::AppendWaits(const Way& way, std::vector<pollfd>& waits) const {
  const bool reads =
      !way.ended && way.bytes < kMaxBytes && !(way.is_up && holding());
  const bool writes =
      !way.pieces.empty() && way.pieces.front().due <= absl::Now();
  waits.push_back({reads ? way.from : -1, POLLIN, 0});
  waits.push_back({writes ? way.to : -1, POLLOUT, 0});
}

absl::Duration TcpRelay::Patience() const {
  const absl::Time now = absl::Now();
  absl::Duration patience = absl::Seconds(1);
  for (const Connection& connection : connections_) {
    for (const Way* way : {&connection.up, &connection.down}) {
      // What is due already waits for its reader.
      if (way->pieces.empty() || way->pieces.front().due <= now) continue;
      patience = std::min(patience, way->pieces.front().due - now);
    }
  }
  return patience;
}

void TcpRelay::Serve(Connection& connection, const pollfd* waits) {
  for (Way* way : {&connection.up, &connection.down}) {
    const bool can_read = waits[0].revents != 0;
    if (connection.broken || (can_read && !Read(*way)) || !Write(*way)) {
      connection.broken = true;
    }
    waits += kWaitsPerWay;
  }
}

bool TcpRelay::Read(Way& way) {
  std::string bytes(kReadBytes, '\0');
  const ssize_t count = read(way.from, bytes.data(), bytes.size());
  if (count < 0) return WouldBlock();
  if (count > 0) Note(way.is_up);
  // The end takes its time as well: a piece without bytes.
  way.ended = count == 0;
  bytes.resize(static_cast<std::size_t>(count));
  way.bytes += bytes.size();
  way.pieces.push_back({absl::Now() + one_way_, std::move(bytes)});
  return true;
}

bool TcpRelay::Write(Way& way) {
  while (!way.pieces.empty() && way.pieces.front().due <= absl::Now()) {
    const std::string& bytes = way.pieces.front().bytes;
    if (bytes.empty()) {
      shutdown(way.to, SHUT_WR);
      way.over = true;
    } else {
      const ssize_t count = send(way.to, bytes.data() + way.written,
                                 bytes.size() - way.written, MSG_NOSIGNAL);
      if (count < 0) return WouldBlock();
      way.bytes -= static_cast<std::size_t>(count);
      way.written += static_cast<std::size_t>(count);
      if (way.written < bytes.size()) continue;
    }
    way.written = 0;
    way.pieces.pop_front();
  }
  return true;
}

}  // namespace airlock
