#include "common/rpc/callback_waker.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace airlock {
namespace {

// Well within the second, so that one thread always looks.
constexpr absl::Duration kInterval = absl::Milliseconds(300);

// Returns when a callback thread has run.
void Wake(grpc::GenericStub& nowhere) {
  grpc::ClientContext context;
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  absl::Notification done;
  nowhere.UnaryCall(&context, "/airlock.Nowhere/Wake", grpc::StubOptions(),
                    &request, &response,
                    [&done](const grpc::Status&) { done.Notify(); });
  done.WaitForNotification();
}

}  // namespace

std::shared_ptr<CallbackWaker> CallbackWaker::OfProcess() {
  static absl::Mutex mutex(absl::kConstInit);
  static auto* const known = new std::weak_ptr<CallbackWaker>();
  absl::MutexLock lock(&mutex);
  std::shared_ptr<CallbackWaker> waker = known->lock();
  if (waker == nullptr) {
    waker.reset(new CallbackWaker());
    *known = waker;
  }
  return waker;
}

CallbackWaker::CallbackWaker() : thread_([this] { Run(); }) {}

CallbackWaker::~CallbackWaker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void CallbackWaker::Run() {
  // Without credentials every call fails at once.
  grpc::GenericStub nowhere(grpc::CreateChannel("", nullptr));
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kInterval)) {
    mutex_.Unlock();
    Wake(nowhere);
    mutex_.Lock();
  }
}

}  // namespace airlock
