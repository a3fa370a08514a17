// One request and the way to answer it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "services/gateway/http/http_message.h"

namespace airlock::gateway {

// What a stream sends when nothing else was sent for a while, so that whoever
// stands between keeps it open.
struct IdlePiece {
  std::shared_ptr<const std::string> bytes;
  absl::Duration interval;
};

// Thread-safe; nothing here blocks. It must be answered: once by Respond(), or
// by StartStream(), any number of Write()s and Finish(). What is called after
// the client has gone does nothing.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;

  virtual void Respond(HttpResponse response) = 0;

  // Sends status and headers; the body of `head` is left out. `on_gone` is
  // called at most once, on the server's thread, when the client is gone or the
  // server stops; never after Finish().
  virtual void StartStream(HttpResponse head, std::optional<IdlePiece> idle,
                           std::function<void()> on_gone) = 0;
  // Sends a piece of the body. `done` says whether it has gone out, so that the
  // next one need not be made before; it is called on the server's thread.
  virtual void Write(std::shared_ptr<const std::string> piece,
                     std::function<void(bool ok)> done) = 0;
  // The body is complete.
  virtual void Finish() = 0;
};

// Who answers. Called on the server's thread: must not block.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  // How long the body may be, by all but the body itself.
  virtual std::size_t MaxBodyBytes(const HttpRequest& head) = 0;

  virtual void Handle(std::shared_ptr<HttpExchange> exchange) = 0;

  // A request that could not be read: which answer to give.
  virtual HttpResponse Unreadable(int status) = 0;
};

}  // namespace airlock::gateway
