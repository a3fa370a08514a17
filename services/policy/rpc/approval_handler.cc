#include "services/policy/rpc/approval_handler.h"

#include <memory>
#include <utility>

#include "common/rpc/status.h"
#include "services/policy/engine/page_request.h"
#include "services/policy/rpc/approval_stream.h"
#include "services/policy/rpc/unary_answer.h"

namespace airlock::policy {
namespace {

using grpc::CallbackServerContext;

constexpr absl::string_view kList = "airlock.v1.ApprovalService.ListApprovals";
constexpr absl::string_view kGet = "airlock.v1.ApprovalService.GetApproval";
constexpr absl::string_view kReadTarget =
    "airlock.v1.ApprovalService.ReadTarget";
constexpr absl::string_view kWatch =
    "airlock.v1.ApprovalService.WatchApprovals";
constexpr absl::string_view kDecide =
    "airlock.v1.ApprovalService.DecideApproval";
constexpr absl::string_view kCancel =
    "airlock.v1.ApprovalService.CancelApproval";

}  // namespace

grpc::ServerUnaryReactor* ApprovalHandler::ListApprovals(
    CallbackServerContext* context,
    const airlock::v1::ListApprovalsRequest* request,
    airlock::v1::ListApprovalsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kList, *context, *request);
  if (principal.ok()) {
    approvals_.List(*principal, *request,
                    caller_.Judged(kList, *context, *principal,
                                   AnswerWith(reactor, response)));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* ApprovalHandler::GetApproval(
    CallbackServerContext* context,
    const airlock::v1::GetApprovalRequest* request,
    airlock::v1::GetApprovalResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kGet, *context, *request);
  if (principal.ok()) {
    approvals_.Get(*principal, request->id(),
                   AnswerWithApproval(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* ApprovalHandler::ReadTarget(
    CallbackServerContext* context,
    const airlock::v1::ReadTargetRequest* request,
    airlock::v1::ReadTargetResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kReadTarget, *context, *request);
  if (principal.ok()) {
    approvals_.ReadTarget(*principal, request->id(),
                          AnswerWith(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerWriteReactor<airlock::v1::WatchApprovalsResponse>*
ApprovalHandler::WatchApprovals(
    CallbackServerContext* context,
    const airlock::v1::WatchApprovalsRequest* request) {
  const std::shared_ptr<ApprovalStream> stream =
      ApprovalStream::Make(approvals_);
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kWatch, *context, *request);
  // Asked here too, so that the audit hears of a refusal.
  const absl::Status may =
      principal.ok() ? AgentToList(*principal, request->agent()).status()
                     : principal.status();
  if (principal.ok()) caller_.Judge(kWatch, *context, *principal, may);
  if (may.ok()) {
    approvals_.Watch(stream->watcher(), *principal, *request, stream);
  } else {
    stream->Finish(may);
  }
  return stream.get();
}

grpc::ServerUnaryReactor* ApprovalHandler::DecideApproval(
    CallbackServerContext* context,
    const airlock::v1::DecideApprovalRequest* request,
    airlock::v1::DecideApprovalResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kDecide, *context, *request);
  if (principal.ok()) {
    approvals_.Decide(*principal, *request,
                      caller_.Judged(kDecide, *context, *principal,
                                     AnswerWithApproval(reactor, response)));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* ApprovalHandler::CancelApproval(
    CallbackServerContext* context,
    const airlock::v1::CancelApprovalRequest* request,
    airlock::v1::CancelApprovalResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kCancel, *context, *request);
  if (principal.ok()) {
    approvals_.Cancel(*principal, request->id(),
                      AnswerWithApproval(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

}  // namespace airlock::policy
