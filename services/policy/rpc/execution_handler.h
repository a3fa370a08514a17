// airlock.v1.ExecutionService, as gateways call it.
#pragma once

#include "airlock/v1/execution.grpc.pb.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/rpc/execution_views.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Checks who calls and what, and hands over to the dispatcher. Thread-safe.
// All arguments must outlive it.
class ExecutionHandler final
    : public airlock::v1::ExecutionService::CallbackService {
 public:
  ExecutionHandler(const CallerCheck& caller, const PolicySource& policy,
                   Dispatcher& dispatcher, Store& store)
      : caller_(caller),
        policy_(policy),
        dispatcher_(dispatcher),
        views_(policy, store) {}

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
  const PolicySource& policy_;
  Dispatcher& dispatcher_;
  ExecutionViews views_;
};

}  // namespace airlock::policy
