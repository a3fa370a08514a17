#include "tests/integration/gateway/fake_policy.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"

namespace airlock::gateway {

using airlock::v1::ExecuteResponse;

class FakePolicy::Stream final
    : public grpc::ServerWriteReactor<ExecuteResponse> {
 public:
  Stream(FakePolicy& policy, int events, grpc::Status end, bool hang)
      : policy_(policy), left_(events), end_(std::move(end)), hang_(hang) {
    response_.mutable_event()->mutable_output()->set_data(
        std::string(kEventBytes, 'x'));
    Next();
  }

 private:
  void Next() {
    if (left_ > 0) {
      response_.mutable_event()->mutable_output()->set_offset(offset_);
      --left_;
      offset_ += kEventBytes;
      StartWrite(&response_);
    } else if (!hang_) {
      Finish(end_);
    }
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    {
      absl::MutexLock lock(&policy_.mutex_);
      policy_.written_ += kEventBytes;
    }
    Next();
  }

  void OnCancel() override {
    {
      absl::MutexLock lock(&policy_.mutex_);
      policy_.cancelled_ = true;
    }
    // Else a write is in flight, and its end does it.
    if (left_ == 0 && hang_) Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }

  FakePolicy& policy_;
  int left_;
  const grpc::Status end_;
  const bool hang_;
  std::uint64_t offset_ = 0;
  ExecuteResponse response_;
};

FakePolicy::FakePolicy(TestCerts& certs, int port) {
  RpcServerOptions options;
  options.listen = absl::StrCat("127.0.0.1:", port);
  options.credentials = *MutualTlsServerCredentials(
      certs.ForRole(airlock::v1::PEER_ROLE_POLICY), "policy.tls");
  options.services = {Serve<airlock::v1::ExecutionService>(*this)};
  server_ = *RpcServer::Start(options);
}

FakePolicy::~FakePolicy() { server_.reset(); }

void FakePolicy::SetGetStatus(grpc::Status status) {
  absl::MutexLock lock(&mutex_);
  get_status_ = std::move(status);
}

void FakePolicy::SetStream(int events, grpc::Status end, bool hang) {
  absl::MutexLock lock(&mutex_);
  events_ = events;
  end_ = std::move(end);
  hang_ = hang;
}

airlock::v1::ExecuteRequest FakePolicy::last_execute() const {
  absl::MutexLock lock(&mutex_);
  return last_execute_;
}

std::string FakePolicy::last_authorization() const {
  absl::MutexLock lock(&mutex_);
  return last_authorization_;
}

absl::Time FakePolicy::last_deadline() const {
  absl::MutexLock lock(&mutex_);
  return last_deadline_;
}

bool FakePolicy::WaitForWritten(std::int64_t bytes, absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  const auto enough = [this, bytes] {
    mutex_.AssertHeld();
    return written_ >= bytes;
  };
  return mutex_.AwaitWithTimeout(absl::Condition(&enough), timeout);
}

bool FakePolicy::WaitForCancel(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&cancelled_), timeout);
}

grpc::ServerUnaryReactor* FakePolicy::GetExecution(
    grpc::CallbackServerContext* context,
    const airlock::v1::GetExecutionRequest* request,
    airlock::v1::GetExecutionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Status peer = AuthorizePeer(
      access_, "airlock.v1.ExecutionService.GetExecution", *context);
  absl::MutexLock lock(&mutex_);
  Remember(*context);
  response->mutable_execution()->set_id(request->id());
  reactor->Finish(peer.ok() ? get_status_ : ToGrpcStatus(peer));
  return reactor;
}

grpc::ServerWriteReactor<ExecuteResponse>* FakePolicy::Execute(
    grpc::CallbackServerContext* context,
    const airlock::v1::ExecuteRequest* request) {
  int events = 0;
  bool hang = false;
  grpc::Status end;
  {
    absl::MutexLock lock(&mutex_);
    Remember(*context);
    last_execute_ = *request;
    events = events_;
    hang = hang_;
    end = end_;
  }
  return new Stream(*this, events, end, hang);
}

void FakePolicy::Remember(const grpc::CallbackServerContext& context) {
  last_authorization_ = AuthorizationOf(context);
  last_deadline_ = DeadlineOf(context);
}

}  // namespace airlock::gateway
