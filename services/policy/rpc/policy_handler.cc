#include "services/policy/rpc/policy_handler.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"
#include "common/rpc/unknown_fields.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/action_limits.h"
#include "services/policy/engine/decide.h"
#include "services/policy/rpc/unary_answer.h"

namespace airlock::policy {
namespace {

constexpr absl::string_view kExplain = "airlock.v1.PolicyService.ExplainAction";
constexpr std::size_t kMaxCommentBytes = 2000;

absl::Status CheckComment(const airlock::v1::FreezeRequest& request) {
  FieldViolations violations;
  if (request.comment().size() > kMaxCommentBytes) {
    violations.Add("comment",
                   absl::StrCat("must have at most ", kMaxCommentBytes,
                                " bytes: got ", request.comment().size()));
  }
  return violations.ToStatus();
}

}  // namespace

absl::StatusOr<airlock::v1::ExplainActionResponse> PolicyHandler::Explain(
    const grpc::ServerContextBase& context,
    const airlock::v1::ExplainActionRequest& request) const {
  const absl::StatusOr<Principal> principal =
      caller_.Authorize(kExplain, context);
  if (!principal.ok()) return principal.status();
  const absl::Status known = RefuseUnknownFields(request);
  if (!known.ok()) return known;
  const std::string& agent =
      request.agent().empty() ? principal->id : request.agent();
  if (agent != principal->id &&
      principal->role != airlock::v1::PRINCIPAL_ROLE_OPERATOR) {
    const absl::Status refused =
        MakeError(absl::StatusCode::kPermissionDenied, "OTHER_AGENT",
                  "agent must be empty or the caller itself");
    caller_.Judge(kExplain, context, *principal, refused);
    return refused;
  }
  const auto policy = policy_.Current();
  const AgentContract& contract = policy->contract->ForAgent(agent);
  const absl::Status valid = ValidateAction(request.action(), contract);
  if (!valid.ok()) return valid;
  return ExplanationToProto(airlock::policy::Explain(
      contract, FactsFromAction(request.action(), agent)));
}

grpc::ServerUnaryReactor* PolicyHandler::ExplainAction(
    grpc::CallbackServerContext* context,
    const airlock::v1::ExplainActionRequest* request,
    airlock::v1::ExplainActionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<airlock::v1::ExplainActionResponse> explained =
      Explain(*context, *request);
  if (explained.ok()) *response = *std::move(explained);
  reactor->Finish(ToGrpcStatus(explained.status()));
  return reactor;
}

grpc::ServerUnaryReactor* PolicyHandler::Freeze(
    grpc::CallbackServerContext* context,
    const airlock::v1::FreezeRequest* request,
    airlock::v1::FreezeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit("airlock.v1.PolicyService.Freeze", *context, *request);
  const absl::Status valid =
      principal.ok() ? CheckComment(*request) : principal.status();
  if (valid.ok()) {
    dispatcher_.Freeze(*principal, *request, AnswerWith(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(valid));
  }
  return reactor;
}

grpc::ServerUnaryReactor* PolicyHandler::Thaw(
    grpc::CallbackServerContext* context,
    const airlock::v1::ThawRequest* request,
    airlock::v1::ThawResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit("airlock.v1.PolicyService.Thaw", *context, *request);
  if (principal.ok()) {
    dispatcher_.Thaw(*principal, *request, AnswerWith(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* PolicyHandler::GetPolicyStatus(
    grpc::CallbackServerContext* context,
    const airlock::v1::GetPolicyStatusRequest* request,
    airlock::v1::GetPolicyStatusResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal = caller_.Admit(
      "airlock.v1.PolicyService.GetPolicyStatus", *context, *request);
  if (!principal.ok()) {
    reactor->Finish(ToGrpcStatus(principal.status()));
    return reactor;
  }
  const auto policy = policy_.Current();
  response->set_policy_version(policy->version);
  *response->mutable_load_time() = ToProto(policy->loaded_at);
  response->set_reload_error(policy_.reload_error());
  response->set_effective_config(policy->config_json);
  dispatcher_.ListFreezes(
      [reactor, response](std::vector<airlock::v1::FreezeState> freezes) {
        for (airlock::v1::FreezeState& state : freezes) {
          *response->add_freezes() = std::move(state);
        }
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

}  // namespace airlock::policy
