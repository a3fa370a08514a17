// One call on its way between an agent and the policy service.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"
#include "services/gateway/rpc/call_limit.h"

namespace airlock::gateway {

// What makes one call different from another.
struct RelayPlan {
  // Must outlive the call.
  grpc::GenericStub* upstream = nullptr;
  std::string path;
  // Whether responses are a stream.
  bool streaming = false;
  // Of the upstream call; a little later the agent's call is cut too.
  absl::Time deadline;
  // When the request must be there.
  absl::Time request_deadline;
  // What the agent has shown, for the policy service to check again.
  ShownCredentials credentials;
  // Turns the agent's request into what is passed on, or refuses it.
  std::function<absl::StatusOr<grpc::ByteBuffer>(const grpc::ByteBuffer&)>
      check_request;
  // Lives as long as the call.
  std::shared_ptr<void> kept;
};

// Reads the agent's one request, passes it on, and then passes one response at
// a time: the next one is read only when the last one has been written, so that
// a slow agent slows the policy service down and memory stays at one message.
// When the agent is gone the upstream call is cancelled. Deletes itself.
//
// Upstream responses are read and written in one chain of reactions that never
// runs twice at once; the hold on the upstream call ends with the chain. So no
// state needs a lock, and the upstream's OnDone comes after the last write.
class Relay final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // `context` is the agent's call.
  Relay(grpc::CallbackServerContext& context, RelayPlan plan);

 private:
  // The upstream end. All it hears goes to the relay.
  class Upstream final
      : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit Upstream(Relay& relay) : relay_(relay) {}

    void OnWriteDone(bool ok) override;
    void OnReadDone(bool ok) override { relay_.OnResponse(ok); }
    void OnDone(const grpc::Status& status) override { relay_.OnEnd(status); }

   private:
    Relay& relay_;
  };

  // What the agent's side tells.
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // What the upstream side tells.
  void OnResponse(bool ok);
  void OnEnd(const grpc::Status& status);

  void StartUpstream();

  grpc::CallbackServerContext& agent_context_;
  RelayPlan plan_;
  // First for the request, then for the whole call. Gone before the context.
  std::optional<CallLimit> limit_;
  grpc::ClientContext context_;
  Upstream upstream_{*this};
  grpc::ByteBuffer request_;
  // The response on its way; the only one of a unary call is kept until the
  // status is there, to be sent together with it.
  grpc::ByteBuffer response_;
  // Where a unary call's end is read into.
  grpc::ByteBuffer nothing_;
  bool has_reply_ = false;
};

// Answers a call with an error, without reading its request. Deletes itself.
class Refusal final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Refusal(const grpc::Status& status) { Finish(status); }

 private:
  void OnDone() override { delete this; }
};

}  // namespace airlock::gateway
