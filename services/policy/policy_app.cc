#include "services/policy/policy_app.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "common/concurrency/ticker.h"
#include "common/metrics/metrics_server.h"
#include "common/rpc/probe_server.h"
#include "common/rpc/server.h"
#include "common/security/digest.h"
#include "common/security/ed25519.h"
#include "common/security/random.h"
#include "common/security/token_file.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/rpc/execution_handler.h"
#include "services/policy/rpc/executor_handler.h"
#include "services/policy/rpc/executor_link_handler.h"
#include "services/policy/rpc/policy_handler.h"
#include "services/policy/rpc/session_handler.h"
#include "services/policy/store/memory/memory_store.h"

namespace airlock::policy {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);

AccessTable MakeAccessTable() {
  return AccessTable(
      {airlock::v1::ExecutionService::service_full_name(),
       airlock::v1::ExecutorService::service_full_name(),
       airlock::v1::PolicyService::service_full_name(),
       airlock::v1::SessionService::service_full_name(),
       airlock::internal::v1::ExecutorLinkService::service_full_name()});
}

DispatchLimits LimitsFrom(const PolicyConfig& config) {
  DispatchLimits limits;
  limits.queue = {config.max_queued, config.max_queued_per_agent};
  limits.kept_output_bytes = config.kept_output_bytes;
  return limits;
}

}  // namespace

// In the order they depend on each other; destruction in reverse is the order
// of the end.
struct PolicyApp::Parts {
  Parts(const PolicyConfig& config, SigningKey signing_key,
        std::unique_ptr<TokenFileAuthenticator> token_file)
      : contract(config.contract),
        tokens(std::move(token_file)),
        key(std::move(signing_key)),
        minter(key),
        metrics(*registry),
        store(config.max_kept_executions),
        dispatcher({clock, *contract, store, minter, metrics,
                    absl::StrCat("po-", HexEncode(RandomBytes(6)))},
                   LimitsFrom(config)),
        access(MakeAccessTable()),
        caller(access, *tokens),
        executions(caller, *contract, dispatcher),
        executors(caller, dispatcher),
        policies(caller, *contract),
        sessions(caller, *contract, dispatcher.sessions()),
        links(caller, dispatcher) {}

  const std::shared_ptr<const Contract> contract;
  const std::unique_ptr<TokenFileAuthenticator> tokens;
  const SigningKey key;
  const GrantMinter minter;
  const std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  PolicyMetrics metrics;
  SystemClock clock;
  MemoryStore store;
  Dispatcher dispatcher;
  const AccessTable access;
  const CallerCheck caller;
  ExecutionHandler executions;
  ExecutorHandler executors;
  PolicyHandler policies;
  SessionHandler sessions;
  ExecutorLinkHandler links;
  std::unique_ptr<MetricsServer> metrics_server;
  std::unique_ptr<ProbeServer> probes;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<Ticker> ticker;
};

absl::StatusOr<std::unique_ptr<PolicyApp>> PolicyApp::Start(
    const PolicyConfig& config) {
  auto key = SigningKey::FromPemFile(config.grant_key_path);
  if (!key.ok()) return key.status();
  auto tokens = TokenFileAuthenticator::Open(config.tokens_path);
  if (!tokens.ok()) return tokens.status();
  auto credentials = MutualTlsServerCredentials(config.tls, "policy.tls");
  if (!credentials.ok()) return credentials.status();

  auto parts =
      std::make_unique<Parts>(config, *std::move(key), *std::move(tokens));
  auto metrics_server =
      MetricsServer::Start(config.metrics_listen, parts->registry);
  if (!metrics_server.ok()) return metrics_server.status();
  parts->metrics_server = *std::move(metrics_server);
  auto probes = ProbeServer::Start(config.probe_listen);
  if (!probes.ok()) return probes.status();
  parts->probes = *std::move(probes);

  RpcServerOptions options;
  options.listen = config.listen;
  options.credentials = *std::move(credentials);
  options.registry = parts->registry.get();
  options.services = {
      Serve<airlock::v1::ExecutionService>(parts->executions),
      Serve<airlock::v1::ExecutorService>(parts->executors),
      Serve<airlock::v1::PolicyService>(parts->policies),
      Serve<airlock::v1::SessionService>(parts->sessions),
      Serve<airlock::internal::v1::ExecutorLinkService>(parts->links)};
  auto server = RpcServer::Start(options);
  if (!server.ok()) return server.status();
  parts->server = *std::move(server);
  parts->ticker = std::make_unique<Ticker>(
      kTick, [&dispatcher = parts->dispatcher] { dispatcher.Tick(); });
  parts->server->SetReady(true);
  parts->probes->SetReady(true);
  return std::unique_ptr<PolicyApp>(new PolicyApp(std::move(parts)));
}

PolicyApp::PolicyApp(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PolicyApp::~PolicyApp() {
  // Streams that are left must not call into what is being taken apart.
  parts_->dispatcher.AbortStreams();
  parts_->server->Drain(absl::Now());
}

void PolicyApp::Drain(absl::Time deadline) {
  parts_->probes->SetReady(false);
  parts_->server->SetReady(false);
  parts_->dispatcher.BeginDrain();
  // What runs may end, and be recorded; executors must be able to say so.
  parts_->dispatcher.Tick();
  while (absl::Now() < deadline && parts_->dispatcher.live() > 0) {
    absl::SleepFor(kTick);
  }
  parts_->dispatcher.AbortStreams();
  parts_->server->Drain(std::min(deadline, absl::Now() + absl::Seconds(5)));
}

int PolicyApp::port() const { return parts_->server->port(); }
int PolicyApp::metrics_port() const { return parts_->metrics_server->port(); }
int PolicyApp::probe_port() const { return parts_->probes->port(); }

}  // namespace airlock::policy
