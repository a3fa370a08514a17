#include "services/policy/rpc/standing_handler.h"

#include "common/rpc/status.h"
#include "services/policy/rpc/unary_answer.h"

namespace airlock::policy {
namespace {

using grpc::CallbackServerContext;

constexpr absl::string_view kSuggest =
    "airlock.v1.StandingApprovalService.SuggestStandingApprovals";
constexpr absl::string_view kCreate =
    "airlock.v1.StandingApprovalService.CreateStandingApproval";
constexpr absl::string_view kList =
    "airlock.v1.StandingApprovalService.ListStandingApprovals";
constexpr absl::string_view kRevoke =
    "airlock.v1.StandingApprovalService.RevokeStandingApproval";

}  // namespace

template <typename Request, typename Response, typename Method>
grpc::ServerUnaryReactor* StandingHandler::Pass(absl::string_view name,
                                                CallbackServerContext* context,
                                                const Request* request,
                                                Response* response,
                                                Method method) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(name, *context, *request);
  if (principal.ok()) {
    (standing_.*method)(*principal, *request,
                        caller_.Judged(name, *context, *principal,
                                       AnswerWith(reactor, response)));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* StandingHandler::SuggestStandingApprovals(
    CallbackServerContext* context,
    const airlock::v1::SuggestStandingApprovalsRequest* request,
    airlock::v1::SuggestStandingApprovalsResponse* response) {
  return Pass(kSuggest, context, request, response, &StandingCalls::Suggest);
}

grpc::ServerUnaryReactor* StandingHandler::CreateStandingApproval(
    CallbackServerContext* context,
    const airlock::v1::CreateStandingApprovalRequest* request,
    airlock::v1::CreateStandingApprovalResponse* response) {
  return Pass(kCreate, context, request, response, &StandingCalls::Create);
}

grpc::ServerUnaryReactor* StandingHandler::ListStandingApprovals(
    CallbackServerContext* context,
    const airlock::v1::ListStandingApprovalsRequest* request,
    airlock::v1::ListStandingApprovalsResponse* response) {
  return Pass(kList, context, request, response, &StandingCalls::List);
}

grpc::ServerUnaryReactor* StandingHandler::RevokeStandingApproval(
    CallbackServerContext* context,
    const airlock::v1::RevokeStandingApprovalRequest* request,
    airlock::v1::RevokeStandingApprovalResponse* response) {
  return Pass(kRevoke, context, request, response, &StandingCalls::Revoke);
}

}  // namespace airlock::policy
