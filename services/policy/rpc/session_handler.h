// airlock.v1.SessionService, as gateways call it.
#pragma once

#include "airlock/v1/session.grpc.pb.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/session_calls.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Checks who calls and what, and hands over. Thread-safe. All arguments must
// outlive it.
class SessionHandler final
    : public airlock::v1::SessionService::CallbackService {
 public:
  SessionHandler(const CallerCheck& caller, const PolicySource& policy,
                 SessionCalls& sessions)
      : caller_(caller), policy_(policy), sessions_(sessions) {}

  grpc::ServerUnaryReactor* CreateSession(
      grpc::CallbackServerContext* context,
      const airlock::v1::CreateSessionRequest* request,
      airlock::v1::CreateSessionResponse* response) override;
  grpc::ServerUnaryReactor* GetSession(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetSessionRequest* request,
      airlock::v1::GetSessionResponse* response) override;
  grpc::ServerUnaryReactor* ListSessions(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListSessionsRequest* request,
      airlock::v1::ListSessionsResponse* response) override;
  grpc::ServerUnaryReactor* CloseSession(
      grpc::CallbackServerContext* context,
      const airlock::v1::CloseSessionRequest* request,
      airlock::v1::CloseSessionResponse* response) override;

 private:
  const CallerCheck& caller_;
  const PolicySource& policy_;
  SessionCalls& sessions_;
};

}  // namespace airlock::policy
