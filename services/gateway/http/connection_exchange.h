// One request of a connection, as whoever answers it sees it.
#pragma once

#include <boost/asio/dispatch.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "services/gateway/http/http_exchange.h"

namespace airlock::gateway {

// One request of a connection; what comes too late for it is dropped there.
template <typename Connection>
class Exchange final
    : public HttpExchange,
      public std::enable_shared_from_this<Exchange<Connection>> {
 public:
  Exchange(std::shared_ptr<Connection> connection, std::uint64_t number,
           HttpRequest request)
      : connection_(std::move(connection)),
        number_(number),
        request_(std::move(request)) {}
  // Nobody may wait for an answer that nobody will give.
  ~Exchange() override {
    if (connection_->server_stopped()) return;
    boost::asio::dispatch(connection_->executor(),
                          [connection = connection_, number = number_] {
                            if (connection->IsCurrent(number))
                              connection->Fail();
                          });
  }

  const HttpRequest& request() const override { return request_; }

  void Respond(HttpResponse response) override {
    Post([response = std::move(response)](auto& connection) mutable {
      connection.Respond(std::move(response));
    });
  }
  void StartStream(HttpResponse head, std::optional<IdlePiece> idle,
                   std::function<void()> on_gone) override {
    Post(
        [head = std::move(head), idle = std::move(idle),
         on_gone](auto& connection) mutable {
          connection.StartStream(head, std::move(idle), std::move(on_gone));
        },
        on_gone);
  }
  void Write(std::shared_ptr<const std::string> piece,
             std::function<void(bool ok)> done) override {
    Post([piece = std::move(piece),
          done = std::move(done)](auto& connection) mutable {
      connection.Write(std::move(piece), std::move(done));
    });
  }
  void Finish() override {
    Post([](auto& connection) { connection.Finish(); });
  }

 private:
  template <typename Function>
  void Post(Function function,
            std::function<void()> otherwise = std::function<void()>()) {
    if (connection_->server_stopped()) {
      if (otherwise) otherwise();
      return;
    }
    // At once on the server's own thread: what that posts to itself would come
    // after what others post meanwhile.
    boost::asio::dispatch(
        connection_->executor(),
        [self = this->shared_from_this(), function = std::move(function),
         otherwise = std::move(otherwise)]() mutable {
          if (self->connection_->IsCurrent(self->number_)) {
            function(*self->connection_);
          } else if (otherwise) {
            otherwise();
          }
        });
  }

  const std::shared_ptr<Connection> connection_;
  const std::uint64_t number_;
  const HttpRequest request_;
};

}  // namespace airlock::gateway
