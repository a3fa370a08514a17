#include "services/gateway/rpc/relay_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/support/server_callback.h>

#include <cstdlib>
#include <utility>

#include "common/rpc/deadline.h"
#include "common/rpc/peer_address.h"
#include "common/rpc/status.h"
#include "services/gateway/calls/request_check.h"

namespace airlock::gateway {

RelayService::RelayService(const std::string& name, const RelayRoute& route)
    : name_(name), route_(route) {
  const google::protobuf::ServiceDescriptor* service =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          name);
  if (service == nullptr) std::abort();
  for (int i = 0; i < service->method_count(); ++i) {
    AddMethodOf(*service->method(i));
  }
}

void RelayService::AddMethodOf(
    const google::protobuf::MethodDescriptor& descriptor) {
  if (descriptor.client_streaming()) std::abort();
  methods_.push_back(std::make_unique<RelayedMethod>(RelayedMethodFrom(
      descriptor, route_.unary_timeout, route_.stream_timeout)));
  const RelayedMethod& method = *methods_.back();
  // As generated code does it, with a stream of requests in every case: then
  // gRPC hands the call over before it reads the request.
  AddMethod(new grpc::internal::RpcServiceMethod(
      method.path.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
  MarkMethodRawCallback(
      static_cast<int>(methods_.size()) - 1,
      new grpc::internal::CallbackBidiHandler<grpc::ByteBuffer,
                                              grpc::ByteBuffer>(
          [this, &method](grpc::CallbackServerContext* context) {
            return Handle(method, *context);
          }));
}

RelayService::Reactor* RelayService::Handle(
    const RelayedMethod& method, grpc::CallbackServerContext& context) {
  ShownCredentials shown = ShownByClient(context);
  absl::StatusOr<AdmittedCall> admitted =
      route_.gate.Admit(method.full_name, shown, PeerAddressOf(context));
  if (!admitted.ok()) return new Refusal(ToGrpcStatus(admitted.status()));

  RelayPlan plan;
  plan.upstream = &route_.policy.stub();
  plan.path = method.path;
  plan.streaming = method.streaming;
  plan.deadline = DeadlineOf(context, method.longest);
  plan.request_deadline = absl::Now() + route_.request_timeout;
  plan.credentials = std::move(shown);
  plan.check_request = [this, &method](const grpc::ByteBuffer& request) {
    absl::StatusOr<grpc::ByteBuffer> checked = CheckRequest(method, request);
    if (!checked.ok()) route_.gate.CountRefusal(checked.status());
    return checked;
  };
  plan.kept = std::make_shared<CallTicket>(std::move(admitted->ticket));
  return new Relay(context, std::move(plan));
}

}  // namespace airlock::gateway
