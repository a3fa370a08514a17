#include "services/gateway/web/stream_call.h"

#include <cstdint>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "airlock/v1/execution.pb.h"
#include "common/rpc/status.h"
#include "google/protobuf/util/json_util.h"
#include "services/gateway/web/json_answer.h"
#include "services/gateway/web/web_session.h"

namespace airlock::gateway {
namespace {

using airlock::v1::WatchExecutionRequest;
using airlock::v1::WatchExecutionResponse;

// Less than what proxies wait for.
constexpr absl::Duration kPingInterval = absl::Seconds(15);

// Between the two streams. Each holds it.
class StreamCall final : public std::enable_shared_from_this<StreamCall> {
 public:
  StreamCall(AdmittedWebCall call, std::shared_ptr<HttpExchange> exchange,
             StreamForm form)
      : call_(std::move(call)),
        exchange_(std::move(exchange)),
        form_(std::move(form)) {}

  void Start(const WebRoute& route) {
    const auto self = shared_from_this();
    upstream_ = UpstreamStream::Make(std::move(call_.upstream),
                                     {[self](const grpc::ByteBuffer& response) {
                                        self->OnResponse(response);
                                      },
                                      [self](const grpc::Status& status) {
                                        self->OnEnd(self->WhyEnded(status));
                                      }});
    exchange_->StartStream(std::move(form_.head), std::move(form_.idle),
                           [self] { self->upstream_->Cancel(); });
    open_ = route.open.Enter([self] { self->upstream_->Cancel(); });
    upstream_->Start(route.policy.stub());
  }

 private:
  absl::Status WhyEnded(const grpc::Status& status) const {
    const bool over =
        status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED &&
        absl::Now() >= call_.session_end;
    return over ? NotSignedInError() : FromGrpcStatus(StatusForAgent(status));
  }

  void OnResponse(const grpc::ByteBuffer& response) {
    const auto message = ParseResponse(*call_.method, response);
    std::string piece = message == nullptr ? "" : form_.piece(*message);
    if (piece.empty()) return upstream_->Next();
    exchange_->Write(std::make_shared<const std::string>(std::move(piece)),
                     [self = shared_from_this()](bool ok) {
                       ok ? self->upstream_->Next() : self->upstream_->Cancel();
                     });
  }

  void OnEnd(const absl::Status& end) {
    std::string piece = form_.last_piece(end);
    if (!piece.empty()) {
      exchange_->Write(std::make_shared<const std::string>(std::move(piece)),
                       nullptr);
    }
    exchange_->Finish();
    call_.admitted.reset();
    // Last: then what this uses may go.
    open_.reset();
  }

  AdmittedWebCall call_;
  const std::shared_ptr<HttpExchange> exchange_;
  StreamForm form_;
  std::shared_ptr<UpstreamStream> upstream_;
  std::shared_ptr<void> open_;
};

// The output of an execution that has been shown, as an event's id.
class OutputPosition {
 public:
  // The id after this response; "" if it has none.
  std::string After(const google::protobuf::Message& response) {
    const auto* watched =
        google::protobuf::DynamicCastToGenerated<WatchExecutionResponse>(
            &response);
    if (watched == nullptr) return "";
    if (watched->event().has_output()) {
      const airlock::v1::OutputChunk& chunk = watched->event().output();
      const bool is_stdout =
          chunk.stream() == airlock::v1::OUTPUT_STREAM_STDOUT;
      (is_stdout ? stdout_ : stderr_) = chunk.offset() + chunk.data().size();
    }
    return absl::StrCat(stdout_, "-", stderr_);
  }

 private:
  std::uint64_t stdout_ = 0;
  std::uint64_t stderr_ = 0;
};

std::string Event(absl::string_view type, absl::string_view id,
                  absl::string_view data) {
  // JSON has no line feed of its own: one line of data.
  return absl::StrCat(type.empty() ? "" : "event: ", type,
                      type.empty() ? "" : "\n", id.empty() ? "" : "id: ", id,
                      id.empty() ? "" : "\n", "data: ", data, "\n\n");
}

}  // namespace

void AnswerWithStream(const WebRoute& route, AdmittedWebCall call,
                      std::shared_ptr<HttpExchange> exchange, StreamForm form) {
  std::make_shared<StreamCall>(std::move(call), std::move(exchange),
                               std::move(form))
      ->Start(route);
}

std::string EventOf(const google::protobuf::Message& response,
                    absl::string_view id) {
  return Event("", id, ToJson(response));
}

std::string LastEvent(const absl::Status& end) {
  return Event("end", "", end.ok() ? "{}" : ErrorJson(end));
}

StreamForm EventStreamForm() {
  static const auto* const ping = new std::shared_ptr<const std::string>(
      new std::string(": still here\n\n"));
  StreamForm form;
  form.head = {200,
               {{"Content-Type", "text/event-stream"},
                {"Cache-Control", "no-store"},
                // Some proxies would wait for more.
                {"X-Accel-Buffering", "no"}},
               ""};
  form.idle = IdlePiece{*ping, kPingInterval};
  form.piece = [position = std::make_shared<OutputPosition>()](
                   const google::protobuf::Message& response) {
    return EventOf(response, position->After(response));
  };
  form.last_piece = LastEvent;
  return form;
}

std::string ResumedRequest(absl::string_view method, std::string json,
                           absl::string_view last_event_id) {
  if (method != "ExecutionService/WatchExecution" || last_event_id.empty()) {
    return json;
  }
  const std::pair<absl::string_view, absl::string_view> offsets =
      absl::StrSplit(last_event_id, absl::MaxSplits('-', 1));
  WatchExecutionRequest request;
  std::uint64_t stdout_offset = 0;
  std::uint64_t stderr_offset = 0;
  // What is wrong with the request is told by who reads it next.
  if (!google::protobuf::util::JsonStringToMessage(json, &request).ok() ||
      !absl::SimpleAtoi(offsets.first, &stdout_offset) ||
      !absl::SimpleAtoi(offsets.second, &stderr_offset)) {
    return json;
  }
  request.set_stdout_offset(stdout_offset);
  request.set_stderr_offset(stderr_offset);
  return ToJson(request);
}

}  // namespace airlock::gateway
