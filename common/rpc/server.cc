#include "common/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/rpc/callback_waker.h"
#include "common/rpc/grpc_metrics.h"
#include "common/rpc/transport.h"
#include "common/status/error.h"

namespace airlock {
namespace {

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(std::min<std::int64_t>(
      absl::ToInt64Milliseconds(duration), std::numeric_limits<int>::max()));
}

void Configure(grpc::ServerBuilder& builder, const RpcServerOptions& options) {
  builder.SetMaxReceiveMessageSize(kMaxWireMessageBytes);
  builder.SetMaxSendMessageSize(kMaxWireMessageBytes);
  // Only reflection is not served by callbacks: more threads for it would take
  // part in the polling, and hand each message from one to another.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  // Two processes on one port would share its calls by chance.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  SetTransport([&builder](const char* name, int value) {
    builder.AddChannelArgument(name, value);
  });
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 30'000);
  if (options.max_connection_age != absl::InfiniteDuration()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               Milliseconds(options.max_connection_age));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                               Milliseconds(options.max_connection_age_grace));
  }
}

void AddMetrics(grpc::ServerBuilder& builder, const RpcServerOptions& options) {
  if (options.registry == nullptr) return;
  std::vector<std::string> names;
  for (const RpcService& service : options.services) {
    names.push_back(service.name);
  }
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(MakeGrpcServerMetrics(names, *options.registry));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const RpcServerOptions& options) {
  // Both are switches of the whole process that every server wants the same.
  // Naming the plugin here also keeps it in a static link.
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(options.listen, options.credentials, &port);
  for (const RpcService& service : options.services) {
    builder.RegisterService(service.service);
  }
  Configure(builder, options);
  AddMetrics(builder, options);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return MakeError(
        absl::StatusCode::kUnavailable, "CANNOT_LISTEN",
        absl::StrCat("cannot listen on \"", options.listen,
                     "\": the address must be this machine's, and free"),
        {{"address", options.listen}});
  }
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(server), port));
}

RpcServer::RpcServer(std::unique_ptr<grpc::Server> server, int port)
    : waker_(CallbackWaker::OfProcess()),
      server_(std::move(server)),
      port_(port) {
  SetReady(false);
  SetLive(true);
}

RpcServer::~RpcServer() { Drain(absl::UnixEpoch()); }

void RpcServer::SetReady(bool ready) {
  server_->GetHealthCheckService()->SetServingStatus("readiness", ready);
  server_->GetHealthCheckService()->SetServingStatus("", ready);
}

void RpcServer::SetLive(bool live) {
  server_->GetHealthCheckService()->SetServingStatus("liveness", live);
}

void RpcServer::Drain(absl::Time deadline) {
  SetReady(false);
  // gRPC takes a time before 1970 for "never".
  server_->Shutdown(absl::ToChronoTime(std::max(deadline, absl::UnixEpoch())));
}

}  // namespace airlock
