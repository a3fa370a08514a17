// airlock.internal.v1.ExecutorLinkService, as executors call it.
#pragma once

#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Thread-safe. All arguments must outlive it.
class ExecutorLinkHandler final
    : public airlock::internal::v1::ExecutorLinkService::CallbackService {
 public:
  ExecutorLinkHandler(const CallerCheck& caller, Dispatcher& dispatcher)
      : caller_(caller), dispatcher_(dispatcher) {}

  grpc::ServerBidiReactor<airlock::internal::v1::ConnectRequest,
                          airlock::internal::v1::ConnectResponse>*
  Connect(grpc::CallbackServerContext* context) override;

 private:
  const CallerCheck& caller_;
  Dispatcher& dispatcher_;
};

}  // namespace airlock::policy
