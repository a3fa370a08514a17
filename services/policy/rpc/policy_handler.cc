#include "services/policy/rpc/policy_handler.h"

#include <string>
#include <utility>

#include "common/rpc/status.h"
#include "common/rpc/unknown_fields.h"
#include "common/status/error.h"
#include "services/policy/engine/action_facts.h"
#include "services/policy/engine/action_limits.h"
#include "services/policy/engine/decide.h"

namespace airlock::policy {

absl::StatusOr<airlock::v1::ExplainActionResponse> PolicyHandler::Explain(
    const grpc::ServerContextBase& context,
    const airlock::v1::ExplainActionRequest& request) const {
  const absl::StatusOr<Principal> principal =
      caller_.Authorize("airlock.v1.PolicyService.ExplainAction", context);
  if (!principal.ok()) return principal.status();
  const absl::Status known = RefuseUnknownFields(request);
  if (!known.ok()) return known;
  const std::string& agent =
      request.agent().empty() ? principal->id : request.agent();
  if (agent != principal->id &&
      principal->role != airlock::v1::PRINCIPAL_ROLE_OPERATOR) {
    return MakeError(absl::StatusCode::kPermissionDenied, "OTHER_AGENT",
                     "agent must be empty or the caller itself");
  }
  const AgentContract& contract = contract_.ForAgent(agent);
  const absl::Status valid = ValidateAction(request.action(), contract);
  if (!valid.ok()) return valid;
  return ExplanationToProto(
      Decide(contract, FactsFromAction(request.action(), agent)));
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

}  // namespace airlock::policy
