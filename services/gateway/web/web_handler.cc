#include "services/gateway/web/web_handler.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "services/gateway/web/audit_page.h"
#include "services/gateway/web/json_answer.h"
#include "services/gateway/web/page_files.h"
#include "services/gateway/web/page_headers.h"
#include "services/gateway/web/stream_call.h"

namespace airlock::gateway {
namespace {

// Of anybody: enough for a token.
constexpr std::size_t kMaxAnonymousBytes = std::size_t{4} << 10;
// Of who is signed in: a configuration of 1 MiB, escaped.
constexpr std::size_t kMaxBodyBytes = std::size_t{4} << 20;
constexpr int kServerError = 500;

absl::Status NoSuchPath() {
  return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_PATH",
                   "there is nothing at this address");
}

absl::Status WrongMethod(absl::string_view would_do) {
  return MakeError(absl::StatusCode::kUnimplemented, "METHOD_NOT_ALLOWED",
                   absl::StrCat("this address takes ", would_do, " only"));
}

constexpr absl::string_view kWatchApprovals = "ApprovalService/WatchApprovals";

// What a GET may do: it changes nothing, whoever made the browser ask.
bool IsReadOnly(absl::string_view method) {
  return method == kWatchApprovals ||
         method == "ExecutionService/WatchExecution";
}

}  // namespace

class WebHandler::Guarded final : public HttpExchange {
 public:
  Guarded(std::shared_ptr<HttpExchange> exchange, bool tls)
      : exchange_(std::move(exchange)), tls_(tls) {}

  const HttpRequest& request() const override { return exchange_->request(); }
  void Respond(HttpResponse response) override {
    AddSecurityHeaders(tls_, response);
    exchange_->Respond(std::move(response));
  }
  void StartStream(HttpResponse head, std::optional<IdlePiece> idle,
                   std::function<void()> on_gone) override {
    AddSecurityHeaders(tls_, head);
    exchange_->StartStream(std::move(head), std::move(idle),
                           std::move(on_gone));
  }
  void Write(std::shared_ptr<const std::string> piece,
             std::function<void(bool ok)> done) override {
    exchange_->Write(std::move(piece), std::move(done));
  }
  void Finish() override { exchange_->Finish(); }

 private:
  const std::shared_ptr<HttpExchange> exchange_;
  const bool tls_;
};

std::size_t WebHandler::MaxBodyBytes(const HttpRequest& head) {
  return p_.sessions.Of(head).has_value() ? kMaxBodyBytes : kMaxAnonymousBytes;
}

HttpResponse WebHandler::Unreadable(int status) {
  HttpResponse response =
      status == kServerError
          ? ErrorResponse(MakeError(absl::StatusCode::kInternal, "NO_ANSWER",
                                    "nobody answered this request"))
          : ErrorResponse(MakeError(absl::StatusCode::kInvalidArgument,
                                    "MALFORMED_HTTP",
                                    "the request is too large, or not HTTP/1.1 "
                                    "as this server reads it"));
  response.status = status;
  AddSecurityHeaders(p_.tls, response);
  return response;
}

void WebHandler::Handle(std::shared_ptr<HttpExchange> exchange) {
  exchange = std::make_shared<Guarded>(std::move(exchange), p_.tls);
  const HttpRequest& request = exchange->request();
  if (absl::StartsWith(request.path, "/api/")) return HandleApi(exchange);
  exchange->Respond(request.method == "GET"
                        ? AnswerWithPage(request)
                        : ErrorResponse(WrongMethod("GET")));
}

void WebHandler::HandleApi(const std::shared_ptr<HttpExchange>& exchange) {
  const HttpRequest& request = exchange->request();
  const absl::Status same = CheckSameOrigin(request, p_.tls);
  if (!same.ok()) return exchange->Respond(ErrorResponse(same));
  if (request.path == "/api/session") return HandleSession(*exchange);
  const std::optional<WebSession> session = p_.sessions.Of(request);
  if (!session) return exchange->Respond(p_.sessions.Show(request));
  if (absl::StartsWith(request.path, "/api/call/")) {
    return HandleCall(exchange, *session);
  }
  if (absl::StartsWith(request.path, "/api/events/")) {
    return HandleEvents(exchange, *session);
  }
  HandleAudit(exchange, *session);
}

void WebHandler::HandleSession(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (request.method == "POST") {
    exchange.Respond(p_.sessions.SignIn(request));
  } else if (request.method == "GET") {
    exchange.Respond(p_.sessions.Show(request));
  } else if (request.method == "DELETE") {
    exchange.Respond(p_.sessions.SignOut());
  } else {
    exchange.Respond(ErrorResponse(WrongMethod("GET, POST and DELETE")));
  }
}

std::optional<AdmittedWebCall> WebHandler::Admit(HttpExchange& exchange,
                                                 const WebSession& session,
                                                 absl::string_view name,
                                                 absl::string_view json) {
  const WebMethod* method = p_.methods.Find(name);
  absl::StatusOr<AdmittedWebCall> call = NoSuchPath();
  if (method != nullptr) {
    call = AdmitWebCall(route_, *method, session,
                        exchange.request().peer_address, json);
  }
  if (call.ok()) return *std::move(call);
  exchange.Respond(ErrorResponse(call.status()));
  return std::nullopt;
}

void WebHandler::HandleCall(const std::shared_ptr<HttpExchange>& exchange,
                            const WebSession& session) {
  const HttpRequest& request = exchange->request();
  if (request.method != "POST") {
    return exchange->Respond(ErrorResponse(WrongMethod("POST")));
  }
  const absl::string_view name = absl::StripPrefix(request.path, "/api/call/");
  const WebMethod* method = p_.methods.Find(name);
  if (method != nullptr && method->relayed.streaming) {
    return exchange->Respond(ErrorResponse(
        MakeError(absl::StatusCode::kInvalidArgument, "IS_A_STREAM",
                  absl::StrCat("ask for it at /api/events/", name))));
  }
  std::optional<AdmittedWebCall> call =
      Admit(*exchange, session, name, request.body);
  if (call) AnswerUnary(route_, *std::move(call), exchange);
}

void WebHandler::HandleEvents(const std::shared_ptr<HttpExchange>& exchange,
                              const WebSession& session) {
  const HttpRequest& request = exchange->request();
  const absl::string_view name =
      absl::StripPrefix(request.path, "/api/events/");
  const WebMethod* method = p_.methods.Find(name);
  if (method == nullptr || !method->relayed.streaming) {
    return exchange->Respond(ErrorResponse(NoSuchPath()));
  }
  std::string json = request.body;
  if (request.method == "GET") {
    if (!IsReadOnly(name)) {
      return exchange->Respond(ErrorResponse(WrongMethod("POST")));
    }
    json = QueryValue(request.query, "request");
    if (json.empty()) json = "{}";
    json =
        ResumedRequest(name, std::move(json), request.Header("last-event-id"));
  } else if (request.method != "POST") {
    return exchange->Respond(ErrorResponse(WrongMethod("GET and POST")));
  }
  std::optional<AdmittedWebCall> call = Admit(*exchange, session, name, json);
  if (!call) return;
  if (name == kWatchApprovals) {
    approvals_.Watch(*std::move(call), exchange, session, json);
  } else {
    AnswerWithStream(route_, *std::move(call), exchange, EventStreamForm());
  }
}

void WebHandler::HandleAudit(const std::shared_ptr<HttpExchange>& exchange,
                             const WebSession& session) {
  const HttpRequest& request = exchange->request();
  if (request.path == "/api/audit/list" && request.method == "POST") {
    auto call = Admit(*exchange, session, "AuditService/ListAuditRecords",
                      request.body);
    if (call) AnswerUnary(route_, *std::move(call), exchange, AuditListJson);
    return;
  }
  const bool verify = request.path == "/api/audit/verify";
  if ((!verify && request.path != "/api/audit/export") ||
      request.method != "GET") {
    return exchange->Respond(ErrorResponse(NoSuchPath()));
  }
  auto call = Admit(*exchange, session, "AuditService/ExportAuditRecords",
                    verify ? "{}" : AuditExportRequest(request.query));
  if (call) {
    AnswerWithStream(route_, *std::move(call), exchange,
                     verify ? AuditVerifyForm() : AuditExportForm());
  }
}

}  // namespace airlock::gateway
