#include "tests/support/tls_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace airlock {
namespace {

constexpr int kPollMs = 50;

void Require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("TLS proxy: ") + what);
}

bool SendAll(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

int ConnectUnix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

TlsProxy::TlsProxy(const TlsFiles& files, std::string unix_socket_path)
    : unix_socket_path_(std::move(unix_socket_path)),
      context_(SSL_CTX_new(TLS_server_method())) {
  Require(context_ != nullptr, "context");
  Require(SSL_CTX_use_certificate_chain_file(context_.get(),
                                             files.cert_path.c_str()) == 1,
          "certificate");
  Require(SSL_CTX_use_PrivateKey_file(context_.get(), files.key_path.c_str(),
                                      SSL_FILETYPE_PEM) == 1,
          "key");
  Require(SSL_CTX_load_verify_locations(context_.get(), files.ca_path.c_str(),
                                        nullptr) == 1,
          "authority");
  SSL_CTX_set_verify(context_.get(),
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);

  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  Require(bind(listener_, generic, size) == 0 && listen(listener_, 16) == 0 &&
              getsockname(listener_, generic, &size) == 0,
          "listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

TlsProxy::~TlsProxy() {
  stopping_ = true;
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> connections;
  {
    absl::MutexLock lock(&mutex_);
    connections.swap(connections_);
  }
  for (std::thread& connection : connections) connection.join();
}

void TlsProxy::Accept() {
  while (!stopping_) {
    pollfd waited{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, kPollMs) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    absl::MutexLock lock(&mutex_);
    connections_.emplace_back([this, client] { Serve(client); });
  }
}

void TlsProxy::Serve(int client) {
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  SSL* tls = SSL_new(context_.get());
  SSL_set_fd(tls, client);
  const int server = SSL_accept(tls) == 1 ? ConnectUnix(unix_socket_path_) : -1;
  if (server >= 0) {
    Pump(tls, client, server);
    close(server);
  }
  SSL_shutdown(tls);
  SSL_free(tls);
  close(client);
}

void TlsProxy::Pump(SSL* tls, int client, int server) {
  std::vector<char> buffer(64 * 1024);
  const int size = static_cast<int>(buffer.size());
  while (!stopping_) {
    pollfd waited[] = {{.fd = client, .events = POLLIN, .revents = 0},
                       {.fd = server, .events = POLLIN, .revents = 0}};
    if (SSL_pending(tls) == 0 && poll(waited, 2, kPollMs) < 0) return;
    if (SSL_pending(tls) > 0 || waited[0].revents != 0) {
      const int got = SSL_read(tls, buffer.data(), size);
      if (got <= 0) return;
      if (!SendAll(server, buffer.data(), static_cast<std::size_t>(got))) {
        return;
      }
    }
    if (waited[1].revents != 0) {
      const ssize_t got = recv(server, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      if (SSL_write(tls, buffer.data(), static_cast<int>(got)) <= 0) return;
    }
  }
}

}  // namespace airlock
