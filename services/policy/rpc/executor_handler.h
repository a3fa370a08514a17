// airlock.v1.ExecutorService, as gateways call it.
#pragma once

#include "airlock/v1/executor.grpc.pb.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Thread-safe. All arguments must outlive it.
class ExecutorHandler final
    : public airlock::v1::ExecutorService::CallbackService {
 public:
  ExecutorHandler(const CallerCheck& caller, Dispatcher& dispatcher)
      : caller_(caller), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* ListExecutors(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListExecutorsRequest* request,
      airlock::v1::ListExecutorsResponse* response) override;
  grpc::ServerUnaryReactor* CordonExecutor(
      grpc::CallbackServerContext* context,
      const airlock::v1::CordonExecutorRequest* request,
      airlock::v1::CordonExecutorResponse* response) override;
  grpc::ServerUnaryReactor* UncordonExecutor(
      grpc::CallbackServerContext* context,
      const airlock::v1::UncordonExecutorRequest* request,
      airlock::v1::UncordonExecutorResponse* response) override;
  grpc::ServerUnaryReactor* DrainExecutor(
      grpc::CallbackServerContext* context,
      const airlock::v1::DrainExecutorRequest* request,
      airlock::v1::DrainExecutorResponse* response) override;

 private:
  // Puts the executor that `request` names under `order`.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* SetOrder(absl::string_view method,
                                     grpc::CallbackServerContext& context,
                                     const Request& request,
                                     ExecutorOrder order, Response* response);

  const CallerCheck& caller_;
  Dispatcher& dispatcher_;
};

}  // namespace airlock::policy
