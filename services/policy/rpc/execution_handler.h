// airlock.v1.ExecutionService, as gateways call it.
#pragma once

#include "airlock/v1/execution.grpc.pb.h"
#include "common/config/contract.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Checks who calls and what, and hands over to the dispatcher. Thread-safe.
// All arguments must outlive it.
class ExecutionHandler final
    : public airlock::v1::ExecutionService::CallbackService {
 public:
  ExecutionHandler(const CallerCheck& caller, const Contract& contract,
                   Dispatcher& dispatcher)
      : caller_(caller), contract_(contract), dispatcher_(dispatcher) {}

  grpc::ServerWriteReactor<airlock::v1::ExecuteResponse>* Execute(
      grpc::CallbackServerContext* context,
      const airlock::v1::ExecuteRequest* request) override;
  grpc::ServerUnaryReactor* GetExecution(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetExecutionRequest* request,
      airlock::v1::GetExecutionResponse* response) override;
  grpc::ServerUnaryReactor* ListExecutions(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListExecutionsRequest* request,
      airlock::v1::ListExecutionsResponse* response) override;
  grpc::ServerWriteReactor<airlock::v1::WatchExecutionResponse>* WatchExecution(
      grpc::CallbackServerContext* context,
      const airlock::v1::WatchExecutionRequest* request) override;
  grpc::ServerUnaryReactor* CancelExecution(
      grpc::CallbackServerContext* context,
      const airlock::v1::CancelExecutionRequest* request,
      airlock::v1::CancelExecutionResponse* response) override;

  grpc::ServerUnaryReactor* ListWaitingExecutions(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListWaitingExecutionsRequest* request,
      airlock::v1::ListWaitingExecutionsResponse* response) override;
  grpc::ServerUnaryReactor* WriteStdin(
      grpc::CallbackServerContext* context,
      const airlock::v1::WriteStdinRequest* request,
      airlock::v1::WriteStdinResponse* response) override;

 private:
  absl::StatusOr<Principal> AdmitExecute(
      const grpc::ServerContextBase& context,
      const airlock::v1::ExecuteRequest& request) const;

  const CallerCheck& caller_;
  const Contract& contract_;
  Dispatcher& dispatcher_;
};

}  // namespace airlock::policy
