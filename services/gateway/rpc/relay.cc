#include "services/gateway/rpc/relay.h"

#include <utility>

#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "services/gateway/clients/policy_client.h"

namespace airlock::gateway {

namespace {

// What the upstream's own deadline is ahead of ours, so that an agent that
// reads hears of it as a status.
constexpr absl::Duration kCutMargin = absl::Seconds(5);

}  // namespace

Relay::Relay(grpc::CallbackServerContext& context, RelayPlan plan)
    : agent_context_(context), plan_(std::move(plan)) {
  limit_.emplace(agent_context_, plan_.request_deadline);
  StartRead(&request_);
}

void Relay::OnReadDone(bool ok) {
  if (!ok) {
    Finish(ToGrpcStatus(
        MakeError(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                  "the call must have one request of the documented size")));
    return;
  }
  absl::StatusOr<grpc::ByteBuffer> checked = plan_.check_request(request_);
  if (!checked.ok()) {
    Finish(ToGrpcStatus(checked.status()));
    return;
  }
  request_ = *std::move(checked);
  limit_.emplace(agent_context_, plan_.deadline + kCutMargin);
  StartUpstream();
}

void Relay::StartUpstream() {
  SetDeadline(context_, plan_.deadline);
  Forward(plan_.credentials, context_);
  plan_.upstream->PrepareBidiStreamingCall(&context_, plan_.path,
                                           grpc::StubOptions(), &upstream_);
  upstream_.AddHold();
  upstream_.StartWriteLast(&request_, grpc::WriteOptions());
  upstream_.StartRead(&response_);
  upstream_.StartCall();
}

void Relay::Upstream::OnWriteDone(bool /*ok*/) {
  // If it could not be sent the status says why. A stream lives long: its
  // request must not.
  relay_.request_.Clear();
}

void Relay::OnResponse(bool ok) {
  if (!ok) {
    upstream_.RemoveHold();
    return;
  }
  if (plan_.streaming) {
    StartWrite(&response_);
    return;
  }
  has_reply_ = true;
  upstream_.StartRead(&nothing_);
}

void Relay::OnWriteDone(bool ok) {
  if (!ok) {
    // The agent is gone.
    context_.TryCancel();
    upstream_.RemoveHold();
    return;
  }
  upstream_.StartRead(&response_);
}

void Relay::OnEnd(const grpc::Status& status) {
  // Nothing of this may be touched after Finish: OnDone deletes it.
  if (has_reply_ && status.ok()) {
    StartWriteAndFinish(&response_, grpc::WriteOptions(), status);
    return;
  }
  Finish(StatusForAgent(status));
}

void Relay::OnCancel() { context_.TryCancel(); }

void Relay::OnDone() { delete this; }

}  // namespace airlock::gateway
