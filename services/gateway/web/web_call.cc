#include "services/gateway/web/web_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "services/gateway/web/json_answer.h"

namespace airlock::gateway {
namespace {

// Lives until the answer is there.
struct Unary {
  AdmittedWebCall call;
  std::shared_ptr<HttpExchange> exchange;
  std::function<std::string(const google::protobuf::Message&)> to_json;
  grpc::ClientContext context;
  grpc::ByteBuffer response;
  // Last: goes first, when nothing of the rest is used any more.
  std::shared_ptr<void> open;

  void Answer(const grpc::Status& status) {
    if (!status.ok()) {
      exchange->Respond(ErrorResponse(FromGrpcStatus(StatusForAgent(status))));
      return;
    }
    const auto message = ParseResponse(*call.method, response);
    if (message == nullptr) {
      exchange->Respond(ErrorResponse(
          MakeError(absl::StatusCode::kInternal, "MALFORMED_RESPONSE",
                    "the policy service answered with another message")));
      return;
    }
    exchange->Respond(JsonResponse(200, to_json(*message)));
  }
};

}  // namespace

absl::StatusOr<AdmittedWebCall> AdmitWebCall(const WebRoute& route,
                                             const WebMethod& method,
                                             const WebSession& session,
                                             const std::string& peer_address,
                                             absl::string_view json) {
  AdmittedWebCall call;
  call.method = &method;
  call.upstream.credentials.authorization =
      absl::StrCat("Bearer ", session.token);
  absl::StatusOr<AdmittedCall> admitted = route.gate.Admit(
      method.relayed.full_name, call.upstream.credentials, peer_address);
  if (!admitted.ok()) return admitted.status();
  call.admitted = std::make_shared<AdmittedCall>(*std::move(admitted));
  absl::StatusOr<grpc::ByteBuffer> request = RequestFromJson(method, json);
  if (!request.ok()) {
    route.gate.CountRefusal(request.status());
    return request.status();
  }
  call.upstream.path = method.relayed.path;
  call.upstream.request = *std::move(request);
  call.session_end = session.expire_time;
  call.upstream.deadline =
      std::min(absl::Now() + method.relayed.longest, call.session_end);
  return call;
}

void AnswerUnary(
    const WebRoute& route, AdmittedWebCall call,
    std::shared_ptr<HttpExchange> exchange,
    std::function<std::string(const google::protobuf::Message&)> to_json) {
  const auto unary = std::make_shared<Unary>();
  unary->call = std::move(call);
  unary->exchange = std::move(exchange);
  unary->to_json = std::move(to_json);
  SetDeadline(unary->context, unary->call.upstream.deadline);
  Forward(unary->call.upstream.credentials, unary->context);
  unary->open = route.open.Enter([weak = std::weak_ptr(unary)] {
    if (const auto open = weak.lock()) open->context.TryCancel();
  });
  route.policy.stub().UnaryCall(
      &unary->context, unary->call.upstream.path, grpc::StubOptions(),
      &unary->call.upstream.request, &unary->response,
      [unary](const grpc::Status& status) { unary->Answer(status); });
}

}  // namespace airlock::gateway
