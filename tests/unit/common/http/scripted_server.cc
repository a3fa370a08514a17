#include "tests/unit/common/http/scripted_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace airlock {
namespace {

constexpr int kPollMs = 20;

void SendAll(int fd, absl::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// The size of the whole request, or 0 while its head is not complete.
std::size_t RequestSize(absl::string_view data) {
  const std::size_t end = data.find("\r\n\r\n");
  if (end == absl::string_view::npos) return 0;
  std::size_t body = 0;
  constexpr absl::string_view kLength = "Content-Length: ";
  if (const std::size_t at = data.find(kLength); at < end) {
    const absl::string_view rest = data.substr(at + kLength.size());
    if (!absl::SimpleAtoi(rest.substr(0, rest.find('\r')), &body)) return 0;
  }
  return end + 4 + body;
}

}  // namespace

ScriptedServer::ScriptedServer(std::string path, Answer answer)
    : path_(std::move(path)),
      answer_(std::move(answer)),
      listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address),
           sizeof(address)) != 0 ||
      listen(listener_, 16) != 0) {
    throw std::runtime_error("cannot listen at " + path_);
  }
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void ScriptedServer::Accept() {
  while (!stopping_) {
    pollfd waited{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, kPollMs) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    ++connections_;
    absl::MutexLock lock(&mutex_);
    threads_.emplace_back([this, client] {
      Serve(client);
      close(client);
    });
  }
}

void ScriptedServer::Serve(int client) {
  std::string data;
  while (true) {
    std::size_t size = 0;
    while ((size = RequestSize(data)) == 0 || data.size() < size) {
      if (!Receive(client, data)) return;
    }
    const std::string answer = answer_(data.substr(0, size));
    data.erase(0, size);
    SendAll(client, answer);
    if (absl::StartsWith(answer, "HTTP/1.1 101")) break;
    if (absl::StrContains(answer, "Connection: close")) return;
  }
  do {
    SendAll(client, data);
    data.clear();
  } while (Receive(client, data));
}

bool ScriptedServer::Receive(int client, std::string& data) const {
  char buffer[65536];
  while (!stopping_) {
    pollfd waited{.fd = client, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, kPollMs) <= 0) continue;
    const ssize_t got = recv(client, buffer, sizeof(buffer), 0);
    if (got <= 0) return false;
    data.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  return false;
}

}  // namespace airlock
