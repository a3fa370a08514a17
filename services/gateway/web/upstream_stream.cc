#include "services/gateway/web/upstream_stream.h"

#include "common/rpc/deadline.h"

namespace airlock::gateway {

std::shared_ptr<UpstreamStream> UpstreamStream::Make(UpstreamCall call,
                                                     Listener listener) {
  return std::shared_ptr<UpstreamStream>(
      new UpstreamStream(std::move(call), std::move(listener)));
}

void UpstreamStream::Start(grpc::GenericStub& stub) {
  self_ = shared_from_this();
  SetDeadline(context_, call_.deadline);
  Forward(call_.credentials, context_);
  stub.PrepareBidiStreamingCall(&context_, call_.path, grpc::StubOptions(),
                                this);
  // Reads are started from outside of reactions, too.
  AddHold();
  StartWriteLast(&call_.request, grpc::WriteOptions());
  StartRead(&response_);
  StartCall();
}

void UpstreamStream::Next() {
  absl::MutexLock lock(&mutex_);
  if (reading_ || ended_) return;
  reading_ = true;
  StartRead(&response_);
}

void UpstreamStream::Cancel() {
  context_.TryCancel();
  // Where no read is under way nobody would learn of it.
  Next();
}

void UpstreamStream::OnReadDone(bool ok) {
  // A cancellation may read again while this one is looked at.
  grpc::ByteBuffer response;
  {
    absl::MutexLock lock(&mutex_);
    response.Swap(&response_);
    reading_ = false;
    ended_ = !ok;
  }
  if (ok) {
    listener_.on_response(response);
    return;
  }
  RemoveHold();
}

void UpstreamStream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<UpstreamStream> self = std::move(self_);
  // Whom it tells holds it.
  const Listener listener = std::exchange(listener_, {});
  listener.on_end(status);
}

}  // namespace airlock::gateway
