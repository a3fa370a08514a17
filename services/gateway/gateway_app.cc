#include "services/gateway/gateway_app.h"

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/report.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "airlock/v1/standing_approval.grpc.pb.h"
#include "common/concurrency/ticker.h"
#include "common/logging/log.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/probe_server.h"
#include "common/rpc/server.h"
#include "common/security/pem_file.h"
#include "common/security/principal_authenticator.h"
#include "common/time/clock.h"
#include "services/gateway/admission/admission.h"
#include "services/gateway/admission/call_rate.h"
#include "services/gateway/calls/call_gate.h"
#include "services/gateway/clients/policy_client.h"
#include "services/gateway/clients/refusal_client.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/http/http_server.h"
#include "services/gateway/refusals/refusal_reporter.h"
#include "services/gateway/rpc/relay_service.h"
#include "services/gateway/web/web_handler.h"

namespace airlock::gateway {
namespace {

using airlock::v1::ApprovalService;
using airlock::v1::AuditService;
using airlock::v1::ExecutionService;
using airlock::v1::ExecutorService;
using airlock::v1::PolicyService;
using airlock::v1::ReportService;
using airlock::v1::SessionService;
using airlock::v1::StandingApprovalService;

// How soon a lost or regained policy service is noticed.
constexpr absl::Duration kReadinessInterval = absl::Milliseconds(200);

// How soon a stream ends whose session is over.
constexpr absl::Duration kWebTick = absl::Seconds(1);

// How soon the audit hears of what was refused.
constexpr absl::Duration kReportInterval = absl::Seconds(1);

std::vector<std::string> ServiceNames() {
  // Nothing else here names a message, and without one a static link would
  // leave the schemas out.
  google::protobuf::LinkMessageReflection<airlock::v1::ExecuteRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::ListExecutorsRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::ExplainActionRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::CreateSessionRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::GetActivityRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::GetApprovalRequest>();
  google::protobuf::LinkMessageReflection<
      airlock::v1::ListAuditRecordsRequest>();
  google::protobuf::LinkMessageReflection<
      airlock::v1::ListStandingApprovalsRequest>();
  return {ApprovalService::service_full_name(),
          AuditService::service_full_name(),
          ExecutionService::service_full_name(),
          ExecutorService::service_full_name(),
          PolicyService::service_full_name(),
          ReportService::service_full_name(),
          SessionService::service_full_name(),
          StandingApprovalService::service_full_name()};
}

absl::Status AtSetting(absl::string_view setting, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(setting, ": ", status.message()));
}

// The page, with all that answers it.
struct WebParts {
  WebParts(const GatewaySettings& settings, std::string key,
           Authenticator& authenticator, RefusalReporter& refusals,
           const Clock& clock, CallGate& gate, PolicyClient& policy)
      : sessions(
            {std::move(key), settings.web->session_lifetime, settings.web->tls},
            authenticator, refusals, clock),
        methods(ServiceNames(), settings.unary_timeout,
                settings.stream_timeout),
        handler({sessions, authenticator, methods, gate, policy,
                 settings.web->tls}) {}

  WebSessions sessions;
  WebMethods methods;
  WebHandler handler;
  // Gone first: then nothing new comes.
  std::unique_ptr<HttpServer> server;
  std::optional<Ticker> ticker;
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> PublicCredentials(
    const GatewaySettings& settings) {
  if (!settings.tls.has_value()) return grpc::InsecureServerCredentials();
  std::string authorities;
  if (!settings.client_ca_path.empty()) {
    absl::StatusOr<std::string> pem = ReadSecretFile(settings.client_ca_path);
    if (!pem.ok()) return AtSetting("gateway.clientCaPath", pem.status());
    authorities = *std::move(pem);
  }
  return TlsServerCredentials(*settings.tls, "gateway.tls", authorities);
}

}  // namespace

// In the order they are made; they go in reverse.
struct GatewayApp::Parts {
  Parts(const GatewaySettings& settings, std::unique_ptr<Authenticator> who,
        const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : authenticator(std::move(who)),
        policy(settings.policy_target, credentials),
        admission(settings.max_calls_per_principal, metrics),
        call_rate(settings.max_calls_per_second, clock),
        refusal_client(policy),
        refusals(refusal_client, clock, metrics),
        gate(access, *authenticator, admission, call_rate, metrics, refusals),
        route{gate, policy, settings.unary_timeout, settings.stream_timeout,
              settings.request_timeout},
        approvals(ApprovalService::service_full_name(), route),
        audit(AuditService::service_full_name(), route),
        executions(ExecutionService::service_full_name(), route),
        executors(ExecutorService::service_full_name(), route),
        policies(PolicyService::service_full_name(), route),
        reports(ReportService::service_full_name(), route),
        sessions(SessionService::service_full_name(), route),
        standing(StandingApprovalService::service_full_name(), route) {}

  absl::Status Serve(const GatewaySettings& settings);
  absl::Status ServeWeb(const GatewaySettings& settings);
  void FollowPolicy();

  std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  GatewayMetrics metrics{*registry};
  AccessTable access{ServiceNames()};
  std::unique_ptr<Authenticator> authenticator;
  PolicyClient policy;
  SystemClock clock;
  Admission admission;
  CallRate call_rate;
  RefusalClient refusal_client;
  RefusalReporter refusals;
  CallGate gate;
  RelayRoute route;
  RelayService approvals;
  RelayService audit;
  RelayService executions;
  RelayService executors;
  RelayService policies;
  RelayService reports;
  RelayService sessions;
  RelayService standing;
  // Null: there is no page.
  std::unique_ptr<WebParts> web;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<ProbeServer> probes;
  std::unique_ptr<MetricsServer> metrics_server;
  std::atomic<bool> draining = false;
  // Only in FollowPolicy().
  std::optional<bool> was_connected;
  std::optional<Ticker> readiness;
  // Reports what was refused; it may wait for the policy service.
  std::optional<Ticker> refusal_ticker;
};

absl::Status GatewayApp::Parts::Serve(const GatewaySettings& settings) {
  auto credentials = PublicCredentials(settings);
  if (!credentials.ok()) return credentials.status();
  RpcServerOptions options;
  options.listen = settings.listen.ToString();
  options.credentials = *credentials;
  options.services = {
      {approvals.name(), &approvals},   {audit.name(), &audit},
      {executions.name(), &executions}, {executors.name(), &executors},
      {policies.name(), &policies},     {reports.name(), &reports},
      {sessions.name(), &sessions},     {standing.name(), &standing}};
  options.registry = registry.get();
  auto rpc = RpcServer::Start(options);
  if (!rpc.ok()) return AtSetting("gateway.listen", rpc.status());
  server = *std::move(rpc);

  auto probe = ProbeServer::Start(settings.probe_listen.ToString());
  if (!probe.ok()) return AtSetting("gateway.probeListen", probe.status());
  probes = *std::move(probe);

  auto exposer =
      MetricsServer::Start(settings.metrics_listen.ToString(), registry);
  if (!exposer.ok()) {
    return AtSetting("gateway.metricsListen", exposer.status());
  }
  metrics_server = *std::move(exposer);

  if (settings.web.has_value()) {
    if (absl::Status status = ServeWeb(settings); !status.ok()) return status;
  }
  FollowPolicy();
  readiness.emplace(kReadinessInterval, [this] { FollowPolicy(); });
  refusal_ticker.emplace(kReportInterval, [this] { refusals.Report(); });
  return absl::OkStatus();
}

absl::Status GatewayApp::Parts::ServeWeb(const GatewaySettings& settings) {
  absl::StatusOr<std::string> key =
      ReadWebSessionKey(settings.web->session_key_path);
  if (!key.ok()) return key.status();
  web = std::make_unique<WebParts>(settings, *std::move(key), *authenticator,
                                   refusals, clock, gate, policy);
  HttpServerOptions options;
  options.listen = settings.web->listen;
  if (settings.web->tls) options.tls = settings.tls;
  options.max_connections =
      static_cast<std::size_t>(settings.web->max_connections);
  options.connections = &metrics.web_connections();
  auto http = HttpServer::Start(options, web->handler);
  if (!http.ok()) return AtSetting("gateway.web.listen", http.status());
  web->server = *std::move(http);
  web->ticker.emplace(kWebTick, [this] { web->handler.Tick(clock.Now()); });
  return absl::OkStatus();
}

void GatewayApp::Parts::FollowPolicy() {
  if (draining) return;
  const bool connected = policy.Connected();
  if (connected == was_connected) return;
  was_connected = connected;
  metrics.policy_connected().Set(connected ? 1 : 0);
  server->SetReady(connected);
  probes->SetReady(connected);
  if (connected) {
    LogInfo("policy service connected");
  } else {
    LogWarning("policy service not connected");
  }
}

absl::StatusOr<std::unique_ptr<GatewayApp>> GatewayApp::Start(
    const GatewaySettings& settings) {
  auto authenticator = PrincipalAuthenticator::Open(
      {settings.tokens_path, settings.client_ca_path}, "gateway");
  if (!authenticator.ok()) return authenticator.status();
  auto credentials =
      MutualTlsChannelCredentials(settings.internal_tls, "gateway.internalTls");
  if (!credentials.ok()) return credentials.status();

  auto parts = std::make_unique<Parts>(settings, *std::move(authenticator),
                                       *credentials);
  const absl::Status status = parts->Serve(settings);
  if (!status.ok()) return status;
  LogInfo("gateway serves",
          {{"port", parts->server->port()},
           {"tls", settings.tls.has_value()},
           {"client_certificates", !settings.client_ca_path.empty()}});
  return std::unique_ptr<GatewayApp>(new GatewayApp(std::move(parts)));
}

GatewayApp::GatewayApp(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

GatewayApp::~GatewayApp() = default;

bool GatewayApp::ready() const { return parts_->policy.Connected(); }

int GatewayApp::port() const { return parts_->server->port(); }

int GatewayApp::web_port() const {
  return parts_->web == nullptr ? 0 : parts_->web->server->port();
}

int GatewayApp::metrics_port() const { return parts_->metrics_server->port(); }

int GatewayApp::probe_port() const { return parts_->probes->port(); }

void GatewayApp::Drain(absl::Time deadline) {
  parts_->draining = true;
  // After this no FollowPolicy() runs that could say "ready" again.
  parts_->readiness.reset();
  parts_->probes->SetReady(false);
  if (parts_->web != nullptr) parts_->web->server->Drain(deadline);
  parts_->server->Drain(deadline);
  // There is no later report: this one gets its time, whatever was left.
  parts_->refusal_ticker.reset();
  parts_->refusals.ReportRest(absl::Now() + RefusalReporter::kReportTimeout);
}

}  // namespace airlock::gateway
