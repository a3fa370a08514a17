#include "services/gateway/gateway_app.h"

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "common/concurrency/ticker.h"
#include "common/logging/log.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/probe_server.h"
#include "common/rpc/server.h"
#include "common/security/token_file.h"
#include "services/gateway/admission/admission.h"
#include "services/gateway/clients/policy_client.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/rpc/relay_service.h"

namespace airlock::gateway {
namespace {

using airlock::v1::ExecutionService;
using airlock::v1::ExecutorService;
using airlock::v1::PolicyService;
using airlock::v1::SessionService;

// How soon a lost or regained policy service is noticed.
constexpr absl::Duration kReadinessInterval = absl::Milliseconds(200);

std::vector<std::string> ServiceNames() {
  // Nothing else here names a message, and without one a static link would
  // leave the schemas out.
  google::protobuf::LinkMessageReflection<airlock::v1::ExecuteRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::ListExecutorsRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::ExplainActionRequest>();
  google::protobuf::LinkMessageReflection<airlock::v1::CreateSessionRequest>();
  return {ExecutionService::service_full_name(),
          ExecutorService::service_full_name(),
          PolicyService::service_full_name(),
          SessionService::service_full_name()};
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> PublicCredentials(
    const GatewaySettings& settings) {
  if (!settings.tls.has_value()) return grpc::InsecureServerCredentials();
  return TlsServerCredentials(*settings.tls, "gateway.tls");
}

absl::Status AtSetting(absl::string_view setting, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(setting, ": ", status.message()));
}

}  // namespace

// In the order they are made; they go in reverse.
struct GatewayApp::Parts {
  Parts(const GatewaySettings& settings, std::unique_ptr<Authenticator> who,
        const std::shared_ptr<grpc::ChannelCredentials>& credentials)
      : authenticator(std::move(who)),
        policy(settings.policy_target, credentials),
        admission(settings.max_calls_per_principal, metrics),
        route{access,
              *authenticator,
              admission,
              metrics,
              policy,
              settings.unary_timeout,
              settings.stream_timeout,
              settings.request_timeout},
        executions(ExecutionService::service_full_name(), route),
        executors(ExecutorService::service_full_name(), route),
        policies(PolicyService::service_full_name(), route),
        sessions(SessionService::service_full_name(), route) {}

  absl::Status Serve(const GatewaySettings& settings);
  void FollowPolicy();

  std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  GatewayMetrics metrics{*registry};
  AccessTable access{ServiceNames()};
  std::unique_ptr<Authenticator> authenticator;
  PolicyClient policy;
  Admission admission;
  RelayRoute route;
  RelayService executions;
  RelayService executors;
  RelayService policies;
  RelayService sessions;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<ProbeServer> probes;
  std::unique_ptr<MetricsServer> metrics_server;
  std::atomic<bool> draining = false;
  // Only in FollowPolicy().
  std::optional<bool> was_connected;
  std::optional<Ticker> readiness;
};

absl::Status GatewayApp::Parts::Serve(const GatewaySettings& settings) {
  auto credentials = PublicCredentials(settings);
  if (!credentials.ok()) return credentials.status();
  RpcServerOptions options;
  options.listen = settings.listen.ToString();
  options.credentials = *credentials;
  options.services = {{executions.name(), &executions},
                      {executors.name(), &executors},
                      {policies.name(), &policies},
                      {sessions.name(), &sessions}};
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

  FollowPolicy();
  readiness.emplace(kReadinessInterval, [this] { FollowPolicy(); });
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
  auto authenticator = TokenFileAuthenticator::Open(settings.tokens_path);
  if (!authenticator.ok()) {
    return AtSetting("gateway.tokensPath", authenticator.status());
  }
  auto credentials =
      MutualTlsChannelCredentials(settings.internal_tls, "gateway.internalTls");
  if (!credentials.ok()) return credentials.status();

  auto parts = std::make_unique<Parts>(settings, *std::move(authenticator),
                                       *credentials);
  const absl::Status status = parts->Serve(settings);
  if (!status.ok()) return status;
  LogInfo("gateway serves",
          {{"port", parts->server->port()}, {"tls", settings.tls.has_value()}});
  return std::unique_ptr<GatewayApp>(new GatewayApp(std::move(parts)));
}

GatewayApp::GatewayApp(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

GatewayApp::~GatewayApp() = default;

bool GatewayApp::ready() const { return parts_->policy.Connected(); }

int GatewayApp::port() const { return parts_->server->port(); }

int GatewayApp::metrics_port() const { return parts_->metrics_server->port(); }

int GatewayApp::probe_port() const { return parts_->probes->port(); }

void GatewayApp::Drain(absl::Time deadline) {
  parts_->draining = true;
  // After this no FollowPolicy() runs that could say "ready" again.
  parts_->readiness.reset();
  parts_->probes->SetReady(false);
  parts_->server->Drain(deadline);
}

}  // namespace airlock::gateway
