#include "tests/integration/gateway/open_policy.h"

#include "absl/strings/match.h"
#include "common/security/tls.h"

namespace airlock::gateway {

class OpenPolicy::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call() { StartRead(&message_); }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    grpc::Slice nothing;
    message_ = grpc::ByteBuffer(&nothing, 1);
    StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

  grpc::ByteBuffer message_;
};

OpenPolicy::OpenPolicy(TestCerts& certs) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(
      "127.0.0.1:0",
      *MutualTlsServerCredentials(certs.ForRole(airlock::v1::PEER_ROLE_POLICY),
                                  "policy.tls"),
      &port_);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
}

OpenPolicy::~OpenPolicy() {
  server_->Shutdown();
  server_->Wait();
}

ShownCredentials OpenPolicy::last_credentials() const {
  absl::MutexLock lock(&mutex_);
  return last_credentials_;
}

grpc::ServerGenericBidiReactor* OpenPolicy::CreateReactor(
    grpc::GenericCallbackServerContext* context) {
  if (absl::StartsWith(context->method(), "/airlock.internal.")) {
    ++reports_;
    return new Call;
  }
  ++calls_;
  absl::MutexLock lock(&mutex_);
  last_credentials_ = ForwardedByGateway(*context);
  return new Call;
}

}  // namespace airlock::gateway
