// TLS with client certificates in front of a unix socket.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/security/tls.h"

namespace airlock {

// Listens on a port of 127.0.0.1, demands a certificate of the same authority
// and passes bytes on, both ways. Its destructor breaks every connection.
// Throws if it cannot be set up, which fails the test.
class TlsProxy {
 public:
  TlsProxy(const TlsFiles& files, std::string unix_socket_path);
  ~TlsProxy();
  TlsProxy(const TlsProxy&) = delete;
  TlsProxy& operator=(const TlsProxy&) = delete;

  int port() const { return port_; }

 private:
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  void Accept();
  void Serve(int client);
  // Copies until both sides ended or the proxy stops.
  void Pump(SSL* tls, int client, int server);

  const std::string unix_socket_path_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  absl::Mutex mutex_;
  std::vector<std::thread> connections_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace airlock
