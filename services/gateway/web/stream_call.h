// Streams of the policy service, as bodies of HTTP answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "services/gateway/http/http_exchange.h"
#include "services/gateway/web/web_call.h"

namespace airlock::gateway {

// How a stream is written.
struct StreamForm {
  HttpResponse head;
  std::optional<IdlePiece> idle;
  // The piece for a response; "": it is left out. Called for one after another.
  std::function<std::string(const google::protobuf::Message& response)> piece;
  // The last piece. OK: all came.
  std::function<std::string(const absl::Status& end)> last_piece;
};

// Passes on one response after another; the next one is read when the last one
// has gone out. When the browser goes the call is cancelled.
void AnswerWithStream(const WebRoute& route, AdmittedWebCall call,
                      std::shared_ptr<HttpExchange> exchange, StreamForm form);

// One event of a stream, and its last one.
std::string EventOf(const google::protobuf::Message& response,
                    absl::string_view id = "");
std::string LastEvent(const absl::Status& end);

// As server-sent events (https://html.spec.whatwg.org/multipage/
// server-sent-events.html): each response in JSON, then the event "end" with
// the error, if there is one.
StreamForm EventStreamForm();

// The value of "Last-Event-ID" taken into a request for WatchExecution, so that
// it goes on where it was; any other request stays as it is.
std::string ResumedRequest(absl::string_view method, std::string json,
                           absl::string_view last_event_id);

}  // namespace airlock::gateway
