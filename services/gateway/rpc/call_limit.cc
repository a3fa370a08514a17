#include "services/gateway/rpc/call_limit.h"

namespace airlock::gateway {

CallLimit::CallLimit(grpc::CallbackServerContext& context,
                     absl::Time deadline) {
  {
    absl::MutexLock lock(&target_->mutex);
    target_->context = &context;
  }
  alarm_.Set(absl::ToChronoTime(deadline), [target = target_](bool expired) {
    absl::MutexLock lock(&target->mutex);
    if (expired && target->context != nullptr) target->context->TryCancel();
  });
}

CallLimit::~CallLimit() {
  {
    absl::MutexLock lock(&target_->mutex);
    target_->context = nullptr;
  }
  alarm_.Cancel();
}

}  // namespace airlock::gateway
