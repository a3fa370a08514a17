// Calls of the page, on their way to the policy service.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "services/gateway/calls/call_gate.h"
#include "services/gateway/clients/policy_client.h"
#include "services/gateway/http/http_exchange.h"
#include "services/gateway/web/open_calls.h"
#include "services/gateway/web/upstream_stream.h"
#include "services/gateway/web/web_method.h"
#include "services/gateway/web/web_session.h"

namespace airlock::gateway {

// What calls pass through. All must outlive the calls.
struct WebRoute {
  CallGate& gate;
  PolicyClient& policy;
  OpenCalls& open;
};

// A call that may be made, and whose request may be passed on. Its place is
// given back when the last copy goes.
struct AdmittedWebCall {
  const WebMethod* method = nullptr;
  UpstreamCall upstream;
  std::shared_ptr<AdmittedCall> admitted;
  // When its session ends.
  absl::Time session_end;
};

// Asks the gate first, then reads the request, which is JSON. What goes on
// longer than the session ends with it.
absl::StatusOr<AdmittedWebCall> AdmitWebCall(const WebRoute& route,
                                             const WebMethod& method,
                                             const WebSession& session,
                                             const std::string& peer_address,
                                             absl::string_view json);

// Answers with the one response; `to_json` says how it is written.
void AnswerUnary(const WebRoute& route, AdmittedWebCall call,
                 std::shared_ptr<HttpExchange> exchange,
                 std::function<std::string(const google::protobuf::Message&)>
                     to_json = ToJson);

}  // namespace airlock::gateway
