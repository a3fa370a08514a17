#include "services/policy/rpc/executor_handler.h"

#include <utility>

#include "common/rpc/status.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

using grpc::CallbackServerContext;

absl::Status CheckId(const std::string& id) {
  FieldViolations violations;
  if (id.empty()) {
    violations.Add("id", "must be an executor's id, as ListExecutors tells it");
  }
  return violations.ToStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ExecutorHandler::ListExecutors(
    CallbackServerContext* context,
    const airlock::v1::ListExecutorsRequest* request,
    airlock::v1::ListExecutorsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal = caller_.Admit(
      "airlock.v1.ExecutorService.ListExecutors", *context, *request);
  if (!principal.ok()) {
    reactor->Finish(ToGrpcStatus(principal.status()));
    return reactor;
  }
  dispatcher_.ListExecutors(
      [reactor, response](airlock::v1::ListExecutorsResponse executors) {
        *response = std::move(executors);
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

template <typename Request, typename Response>
grpc::ServerUnaryReactor* ExecutorHandler::SetOrder(
    absl::string_view method, CallbackServerContext& context,
    const Request& request, ExecutorOrder order, Response* response) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  absl::Status refused = caller_.Admit(method, context, request).status();
  if (refused.ok()) refused = CheckId(request.id());
  if (!refused.ok()) {
    reactor->Finish(ToGrpcStatus(refused));
    return reactor;
  }
  dispatcher_.SetExecutorOrder(
      request.id(), order,
      [reactor, response](absl::StatusOr<airlock::v1::Executor> executor) {
        if (executor.ok()) {
          *response->mutable_executor() = *std::move(executor);
        }
        reactor->Finish(ToGrpcStatus(executor.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* ExecutorHandler::CordonExecutor(
    CallbackServerContext* context,
    const airlock::v1::CordonExecutorRequest* request,
    airlock::v1::CordonExecutorResponse* response) {
  return SetOrder("airlock.v1.ExecutorService.CordonExecutor", *context,
                  *request, ExecutorOrder::kCordon, response);
}

grpc::ServerUnaryReactor* ExecutorHandler::UncordonExecutor(
    CallbackServerContext* context,
    const airlock::v1::UncordonExecutorRequest* request,
    airlock::v1::UncordonExecutorResponse* response) {
  return SetOrder("airlock.v1.ExecutorService.UncordonExecutor", *context,
                  *request, ExecutorOrder::kNone, response);
}

grpc::ServerUnaryReactor* ExecutorHandler::DrainExecutor(
    CallbackServerContext* context,
    const airlock::v1::DrainExecutorRequest* request,
    airlock::v1::DrainExecutorResponse* response) {
  return SetOrder("airlock.v1.ExecutorService.DrainExecutor", *context,
                  *request, ExecutorOrder::kDrain, response);
}

}  // namespace airlock::policy
