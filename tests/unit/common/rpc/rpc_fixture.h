// A server with real mutual TLS that answers GetExecution and ListExecutions.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "common/rpc/access.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/security/token_file.h"
#include "tests/support/test_certs.h"

namespace airlock {

// Asks `on_get` what to answer; Watch never ends by itself.
class TestExecutionService final
    : public airlock::v1::ExecutionService::CallbackService {
 public:
  std::function<absl::Status(const grpc::ServerContextBase&)> on_get;
  absl::Notification watching;

 private:
  grpc::ServerUnaryReactor* GetExecution(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetExecutionRequest* request,
      airlock::v1::GetExecutionResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    response->mutable_execution()->set_id(request->id());
    reactor->Finish(ToGrpcStatus(on_get ? on_get(*context) : absl::OkStatus()));
    return reactor;
  }

  grpc::ServerWriteReactor<airlock::v1::WatchExecutionResponse>* WatchExecution(
      grpc::CallbackServerContext*,
      const airlock::v1::WatchExecutionRequest*) override {
    class Reactor final
        : public grpc::ServerWriteReactor<airlock::v1::WatchExecutionResponse> {
      void OnCancel() override { Finish(grpc::Status::CANCELLED); }
      void OnDone() override { delete this; }
    };
    watching.Notify();
    return new Reactor();
  }
};

class RpcTest : public testing::Test {
 protected:
  // A channel for a peer whose certificate has this role.
  std::shared_ptr<grpc::Channel> ChannelAs(airlock::v1::PeerRole role) {
    return ChannelWith(certs_.ForRole(role));
  }

  std::shared_ptr<grpc::Channel> ChannelWith(const TlsFiles& files) {
    return MakeChannel(
        absl::StrCat("127.0.0.1:", server_->port()),
        *MutualTlsChannelCredentials(files, "test.tls"),
        {.tls_name = PeerDnsName(airlock::v1::PEER_ROLE_POLICY)});
  }

  // As a gateway forwards; "" is not forwarded.
  absl::Status Get(const std::shared_ptr<grpc::Channel>& channel,
                   const std::string& authorization = "",
                   const std::string& certificate = "") {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(10));
    Forward({authorization, certificate}, context);
    airlock::v1::GetExecutionRequest request;
    request.set_id("abc");
    airlock::v1::GetExecutionResponse response;
    return FromGrpcStatus(
        airlock::v1::ExecutionService::NewStub(channel)->GetExecution(
            &context, request, &response));
  }

  RpcServerOptions Options() {
    RpcServerOptions options;
    options.listen = "127.0.0.1:0";
    options.credentials = *MutualTlsServerCredentials(
        certs_.ForRole(airlock::v1::PEER_ROLE_POLICY), "policy.tls");
    options.services = {Serve<airlock::v1::ExecutionService>(service_)};
    options.registry = registry_.get();
    return options;
  }

  void Start() { server_ = *RpcServer::Start(Options()); }

  TestCerts certs_;
  std::shared_ptr<prometheus::Registry> registry_ =
      std::make_shared<prometheus::Registry>();
  TestExecutionService service_;
  std::unique_ptr<RpcServer> server_;
};

}  // namespace airlock
