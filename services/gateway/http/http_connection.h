// One connection of a browser.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "services/gateway/http/connection_set.h"
#include "services/gateway/http/http_exchange.h"
#include "services/gateway/http/http_server.h"

namespace airlock::gateway {

// What all connections of a server share. They hold it: an exchange may outlive
// the server, and then does nothing.
struct ConnectionContext {
  ConnectionContext(const HttpServerOptions& server_options,
                    HttpHandler& server_handler)
      : options(server_options),
        handler(server_handler),
        open(server_options.connections) {}

  const HttpServerOptions options;
  // Used on the server's thread only, while the server lives.
  HttpHandler& handler;
  boost::asio::io_context io{1};
  // Nothing runs on `io` any more, or not for long.
  std::atomic<bool> stopped = false;
  // Null: plain text.
  std::unique_ptr<boost::asio::ssl::context> tls;
  ConnectionSet open;
};

// Serves `socket` until it is closed. On the server's thread.
void ServeConnection(boost::asio::ip::tcp::socket socket,
                     const std::shared_ptr<ConnectionContext>& context);

}  // namespace airlock::gateway
