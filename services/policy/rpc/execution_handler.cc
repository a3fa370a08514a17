#include "services/policy/rpc/execution_handler.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "services/policy/engine/action_limits.h"
#include "services/policy/rpc/event_stream.h"
#include "services/policy/rpc/stdin_call.h"
#include "services/policy/rpc/unary_answer.h"

namespace airlock::policy {
namespace {

using grpc::CallbackServerContext;

constexpr absl::string_view kExecute = "airlock.v1.ExecutionService.Execute";
constexpr absl::string_view kGet = "airlock.v1.ExecutionService.GetExecution";
constexpr absl::string_view kList =
    "airlock.v1.ExecutionService.ListExecutions";
constexpr absl::string_view kWatch =
    "airlock.v1.ExecutionService.WatchExecution";
constexpr absl::string_view kListWaiting =
    "airlock.v1.ExecutionService.ListWaitingExecutions";
constexpr absl::string_view kWriteStdin =
    "airlock.v1.ExecutionService.WriteStdin";
constexpr absl::string_view kCancel =
    "airlock.v1.ExecutionService.CancelExecution";

absl::Status CheckWrite(const airlock::v1::WriteStdinRequest& request) {
  FieldViolations violations;
  if (request.data().size() > kMaxLaterInputBytes) {
    violations.Add("data",
                   absl::StrCat("must have at most ", kMaxLaterInputBytes,
                                " bytes, more in further calls: got ",
                                request.data().size()));
  }
  return violations.ToStatus();
}

// Finishes a unary call with the execution a `done` brings.
template <typename Response>
Dispatcher::ExecutionDone Answer(grpc::ServerUnaryReactor* reactor,
                                 Response* response) {
  return [reactor, response](absl::StatusOr<airlock::v1::Execution> execution) {
    if (execution.ok()) {
      *response->mutable_execution() = *std::move(execution);
    }
    reactor->Finish(ToGrpcStatus(execution.status()));
  };
}

}  // namespace

absl::StatusOr<Principal> ExecutionHandler::AdmitExecute(
    const grpc::ServerContextBase& context,
    const airlock::v1::ExecuteRequest& request) const {
  absl::StatusOr<Principal> principal =
      caller_.Admit(kExecute, context, request);
  if (!principal.ok()) return principal;
  if (request.request_id().empty()) {
    FieldViolations violations;
    violations.Add("request_id", "must be set by the gateway");
    return violations.ToStatus();
  }
  const auto policy = policy_.Current();
  const absl::Status valid = ValidateExecuteRequest(
      request, policy->contract->ForAgent(principal->id));
  if (!valid.ok()) return valid;
  return principal;
}

grpc::ServerWriteReactor<airlock::v1::ExecuteResponse>*
ExecutionHandler::Execute(CallbackServerContext* context,
                          const airlock::v1::ExecuteRequest* request) {
  auto stream = EventStream<airlock::v1::ExecuteResponse>::Make(dispatcher_);
  const absl::StatusOr<Principal> principal = AdmitExecute(*context, *request);
  if (principal.ok()) {
    dispatcher_.Execute(stream->watcher(), *principal, *request, stream);
  } else {
    stream->Finish(principal.status());
  }
  return stream.get();
}

grpc::ServerWriteReactor<airlock::v1::WatchExecutionResponse>*
ExecutionHandler::WatchExecution(
    CallbackServerContext* context,
    const airlock::v1::WatchExecutionRequest* request) {
  auto stream =
      EventStream<airlock::v1::WatchExecutionResponse>::Make(dispatcher_);
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kWatch, *context, *request);
  if (principal.ok()) {
    dispatcher_.Watch(stream->watcher(), *principal, *request, stream);
  } else {
    stream->Finish(principal.status());
  }
  return stream.get();
}

grpc::ServerUnaryReactor* ExecutionHandler::GetExecution(
    CallbackServerContext* context,
    const airlock::v1::GetExecutionRequest* request,
    airlock::v1::GetExecutionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kGet, *context, *request);
  if (!principal.ok()) {
    reactor->Finish(ToGrpcStatus(principal.status()));
    return reactor;
  }
  dispatcher_.Get(
      *principal, request->id(),
      [this, principal = *principal, done = AnswerWith(reactor, response)](
          absl::StatusOr<ExecutionRecord> record) {
        if (record.ok()) {
          views_.Answer(principal, *std::move(record), done);
        } else {
          done(record.status());
        }
      });
  return reactor;
}

grpc::ServerUnaryReactor* ExecutionHandler::CancelExecution(
    CallbackServerContext* context,
    const airlock::v1::CancelExecutionRequest* request,
    airlock::v1::CancelExecutionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kCancel, *context, *request);
  if (principal.ok()) {
    dispatcher_.Cancel(*principal, request->id(), Answer(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* ExecutionHandler::WriteStdin(
    CallbackServerContext* context,
    const airlock::v1::WriteStdinRequest* request,
    airlock::v1::WriteStdinResponse* response) {
  const std::shared_ptr<StdinCall> call =
      StdinCall::Make(dispatcher_, response);
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kWriteStdin, *context, *request);
  const absl::Status valid = CheckWrite(*request);
  if (!principal.ok()) {
    call->Answer(principal.status());
  } else if (!valid.ok()) {
    call->Answer(valid);
  } else {
    call->Begin(*principal, *request);
  }
  return call.get();
}

grpc::ServerUnaryReactor* ExecutionHandler::ListExecutions(
    CallbackServerContext* context,
    const airlock::v1::ListExecutionsRequest* request,
    airlock::v1::ListExecutionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kList, *context, *request);
  if (!principal.ok()) {
    reactor->Finish(ToGrpcStatus(principal.status()));
    return reactor;
  }
  dispatcher_.List(
      *principal, *request,
      [this, reactor, response, context,
       principal](absl::StatusOr<ExecutionPage> page) {
        caller_.Judge(kList, *context, *principal, page.status());
        if (page.ok()) {
          for (airlock::v1::Execution& execution : page->executions) {
            *response->add_executions() = std::move(execution);
          }
          response->set_next_page_token(std::move(page->next_page_token));
        }
        reactor->Finish(ToGrpcStatus(page.status()));
      });
  return reactor;
}

grpc::ServerUnaryReactor* ExecutionHandler::ListWaitingExecutions(
    CallbackServerContext* context,
    const airlock::v1::ListWaitingExecutionsRequest* request,
    airlock::v1::ListWaitingExecutionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kListWaiting, *context, *request);
  if (!principal.ok()) {
    reactor->Finish(ToGrpcStatus(principal.status()));
    return reactor;
  }
  dispatcher_.ListWaiting(*principal, request->agent(),
                          caller_.Judged(kListWaiting, *context, *principal,
                                         AnswerWith(reactor, response)));
  return reactor;
}

}  // namespace airlock::policy
