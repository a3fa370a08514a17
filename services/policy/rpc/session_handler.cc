#include "services/policy/rpc/session_handler.h"

#include <utility>

#include "common/rpc/status.h"
#include "services/policy/engine/session_requests.h"
#include "services/policy/rpc/unary_answer.h"

namespace airlock::policy {
namespace {

using grpc::CallbackServerContext;

constexpr absl::string_view kCreate = "airlock.v1.SessionService.CreateSession";
constexpr absl::string_view kGet = "airlock.v1.SessionService.GetSession";
constexpr absl::string_view kList = "airlock.v1.SessionService.ListSessions";
constexpr absl::string_view kClose = "airlock.v1.SessionService.CloseSession";

// Finishes a call with the session a `done` brings.
template <typename Response>
SessionCalls::SessionDone Answer(grpc::ServerUnaryReactor* reactor,
                                 Response* response) {
  return [reactor, response](absl::StatusOr<airlock::v1::Session> session) {
    if (session.ok()) *response->mutable_session() = *std::move(session);
    reactor->Finish(ToGrpcStatus(session.status()));
  };
}

}  // namespace

grpc::ServerUnaryReactor* SessionHandler::CreateSession(
    CallbackServerContext* context,
    const airlock::v1::CreateSessionRequest* request,
    airlock::v1::CreateSessionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kCreate, *context, *request);
  const auto policy = policy_.Current();
  const absl::Status valid =
      principal.ok() ? ValidateCreateSession(
                           *request, policy->contract->ForAgent(principal->id))
                     : principal.status();
  if (valid.ok()) {
    sessions_.Create(*principal, *request, Answer(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(valid));
  }
  return reactor;
}

grpc::ServerUnaryReactor* SessionHandler::GetSession(
    CallbackServerContext* context,
    const airlock::v1::GetSessionRequest* request,
    airlock::v1::GetSessionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kGet, *context, *request);
  if (principal.ok()) {
    sessions_.Get(*principal, *request, Answer(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* SessionHandler::CloseSession(
    CallbackServerContext* context,
    const airlock::v1::CloseSessionRequest* request,
    airlock::v1::CloseSessionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kClose, *context, *request);
  if (principal.ok()) {
    sessions_.Close(*principal, *request, Answer(reactor, response));
  } else {
    reactor->Finish(ToGrpcStatus(principal.status()));
  }
  return reactor;
}

grpc::ServerUnaryReactor* SessionHandler::ListSessions(
    CallbackServerContext* context,
    const airlock::v1::ListSessionsRequest* request,
    airlock::v1::ListSessionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<Principal> principal =
      caller_.Admit(kList, *context, *request);
  if (!principal.ok()) {
    reactor->Finish(ToGrpcStatus(principal.status()));
    return reactor;
  }
  sessions_.List(*principal, *request,
                 caller_.Judged(kList, *context, *principal,
                                AnswerWith(reactor, response)));
  return reactor;
}

}  // namespace airlock::policy
