// The page: which request goes where.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/gateway/http/http_exchange.h"
#include "services/gateway/web/approval_feed.h"
#include "services/gateway/web/open_calls.h"
#include "services/gateway/web/web_call.h"
#include "services/gateway/web/web_method.h"
#include "services/gateway/web/web_session.h"

namespace airlock::gateway {

// Answers the page's requests:
//
//   GET    /, /approvals, /a/..., ...       the page
//   GET    /page/<file>                     its files
//   POST   /api/session                     signs in; GET: who is; DELETE: out
//   POST   /api/call/<Service>/<Method>     one response, in JSON
//   GET    /api/events/<Service>/<Method>   responses, as server-sent events;
//                                           POST with the request as the body
//   POST   /api/audit/list                  records that people can read
//   GET    /api/audit/export, /verify
//
// A GET changes nothing: methods that do are not to be had by it. Thread-safe.
class WebHandler final : public HttpHandler {
 public:
  // What it needs; must outlive it.
  struct Parts {
    WebSessions& sessions;
    Authenticator& authenticator;
    const WebMethods& methods;
    CallGate& gate;
    PolicyClient& policy;
    // Whether browsers come over TLS.
    bool tls = false;
  };
  explicit WebHandler(Parts parts)
      : p_(parts),
        route_{p_.gate, p_.policy, open_},
        approvals_(route_, p_.authenticator) {}
  // Ends the calls that are under way.
  ~WebHandler() override { open_.End(); }

  std::size_t MaxBodyBytes(const HttpRequest& head) override;
  void Handle(std::shared_ptr<HttpExchange> exchange) override;
  HttpResponse Unreadable(int status) override;

  // Ends streams whose time is over. To be called every second.
  void Tick(absl::Time now) { approvals_.Tick(now); }

 private:
  // An exchange whose answers have the security headers.
  class Guarded;

  void HandleApi(const std::shared_ptr<HttpExchange>& exchange);
  void HandleSession(HttpExchange& exchange);
  void HandleCall(const std::shared_ptr<HttpExchange>& exchange,
                  const WebSession& session);
  void HandleEvents(const std::shared_ptr<HttpExchange>& exchange,
                    const WebSession& session);
  void HandleAudit(const std::shared_ptr<HttpExchange>& exchange,
                   const WebSession& session);
  // The method, admitted; otherwise the exchange is answered.
  std::optional<AdmittedWebCall> Admit(HttpExchange& exchange,
                                       const WebSession& session,
                                       absl::string_view method,
                                       absl::string_view json);

  const Parts p_;
  OpenCalls open_;
  const WebRoute route_;
  ApprovalFeeds approvals_;
};

}  // namespace airlock::gateway
