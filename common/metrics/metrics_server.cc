#include "common/metrics/metrics_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/config/values.h"
#include "common/metrics/process_metrics.h"
#include "common/status/error.h"

namespace airlock {
namespace {

// Connects to a listening port of this machine and hangs up.
void Poke(const std::string& listen, int port) {
  const absl::StatusOr<HostPort> address = ParseHostPort(listen);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (address.ok()) {
    in_addr given = {};
    const bool is_ipv4 = inet_pton(AF_INET, address->host.c_str(), &given) == 1;
    if (is_ipv4 && given.s_addr != htonl(INADDR_ANY)) to.sin_addr = given;
  }
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  // It does not block, so whether it succeeded is not known yet anyway.
  static_cast<void>(
      connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)));
  close(fd);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(
    const std::string& listen, std::shared_ptr<prometheus::Registry> registry) {
  std::unique_ptr<MetricsServer> server(new MetricsServer(listen));
  server->registry_ = std::move(registry);
  server->process_ = std::make_shared<ProcessMetrics>();
  try {
    server->exposer_ = std::make_unique<prometheus::Exposer>(listen, 2);
    server->exposer_->RegisterCollectable(server->registry_);
    server->exposer_->RegisterCollectable(server->process_);
    const std::vector<int> ports = server->exposer_->GetListeningPorts();
    if (!ports.empty()) server->port_ = ports.front();
  } catch (const std::exception&) {
    // The exception only says "null context".
    server->port_ = 0;
  }
  if (server->port_ == 0) {
    return MakeError(
        absl::StatusCode::kUnavailable, "CANNOT_LISTEN",
        absl::StrCat("cannot listen on \"", listen,
                     "\": the address must be this machine's, and free"),
        {{"address", listen}});
  }
  return server;
}

MetricsServer::~MetricsServer() {
  // The exposer's thread looks only every two seconds, or when somebody
  // connects, whether it should stop.
  absl::Notification stopped;
  std::thread stopper([this, &stopped] {
    exposer_.reset();
    stopped.Notify();
  });
  while (!stopped.WaitForNotificationWithTimeout(absl::Milliseconds(5))) {
    Poke(listen_, port_);
  }
  stopper.join();
}

}  // namespace airlock
