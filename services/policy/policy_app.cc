#include "services/policy/policy_app.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/concurrency/ticker.h"
#include "common/logging/log.h"
#include "common/metrics/metrics_server.h"
#include "common/process/version.h"
#include "common/rpc/probe_server.h"
#include "common/rpc/server.h"
#include "common/security/digest.h"
#include "common/security/ed25519.h"
#include "common/security/key_files.h"
#include "common/security/principal_authenticator.h"
#include "common/security/random.h"
#include "services/policy/audit/audit_checkpointer.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/policy_upkeep.h"
#include "services/policy/rpc/policy_handlers.h"
#include "services/policy/store_factory.h"

namespace airlock::policy {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
// As long as `approvalGating.rejectionMemory` may be.
constexpr absl::Duration kLongestRejectionMemory = absl::Hours(24 * 30);

DispatchLimits LimitsFrom(const PolicyConfig& config) {
  DispatchLimits limits;
  limits.queue = {config.max_queued, config.max_queued_per_agent};
  limits.kept_output_bytes = config.kept_output_bytes;
  limits.max_pending_approvals = config.max_pending_approvals;
  // Who attaches is told all that is pending.
  limits.max_watcher_behind =
      std::max(limits.max_watcher_behind, 2 * config.max_pending_approvals);
  return limits;
}

// What the store has, before anything else is asked of it.
absl::StatusOr<LiveState> LoadLive(Store& store, const Clock& clock) {
  absl::StatusOr<LiveState> live;
  absl::Notification loaded;
  store.LoadLive(clock.Now() - kLongestRejectionMemory,
                 [&](absl::StatusOr<LiveState> state) {
                   live = std::move(state);
                   loaded.Notify();
                 });
  loaded.WaitForNotification();
  return live;
}

std::string CheckpointPath(const PolicyConfig& config) {
  if (!config.audit_checkpoint_path.empty()) {
    return config.audit_checkpoint_path;
  }
  return absl::StrCat(config.store_path, ".checkpoints");
}

}  // namespace

// In the order they depend on each other.
struct PolicyApp::Parts {
  Parts(const PolicyConfig& config, std::unique_ptr<SigningKeyFile> key_file,
        std::unique_ptr<Authenticator> who)
      : authenticator(std::move(who)),
        grant_key(std::move(key_file)),
        audit_key(grant_key->key()),
        minter([this] { return grant_key->key(); }),
        metrics(*registry),
        policy(
            config.file, config.contract, config.source,
            [this](const PolicyReload& reload) { OnReload(reload); }, clock) {}

  // What calls into the dispatcher goes first, then the store, which still
  // tells the dispatcher of what is on its way.
  ~Parts() {
    upkeep.reset();
    ticker.reset();
    server.reset();
    if (dispatcher != nullptr) dispatcher->Close();
    checkpointer.reset();
    store.reset();
  }

  // Opens the store and takes up what it has.
  absl::Status Restore(const PolicyConfig& config);
  void MakeCheckpointer(const PolicyConfig& config);
  absl::Status Serve(const PolicyConfig& config,
                     std::shared_ptr<grpc::ServerCredentials> credentials);
  void OnReload(const PolicyReload& reload);
  // The last record, and a checkpoint over it.
  void RecordStop();

  const std::unique_ptr<Authenticator> authenticator;
  const std::unique_ptr<SigningKeyFile> grant_key;
  // Of checkpoints, under a domain of its own: the same until a restart.
  const std::shared_ptr<const SigningKey> audit_key;
  const GrantMinter minter;
  const std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  PolicyMetrics metrics;
  SystemClock clock;
  PolicySource policy;
  std::unique_ptr<Store> store;
  std::unique_ptr<AuditCheckpointer> checkpointer;
  std::unique_ptr<Dispatcher> dispatcher;
  const AccessTable access = PolicyAccessTable();
  std::unique_ptr<PolicyHandlers> handlers;
  std::unique_ptr<MetricsServer> metrics_server;
  std::unique_ptr<ProbeServer> probes;
  std::unique_ptr<RpcServer> server;
  std::unique_ptr<Ticker> ticker;
  std::unique_ptr<PolicyUpkeep> upkeep;
  bool stop_recorded = false;
};

absl::Status PolicyApp::Parts::Restore(const PolicyConfig& config) {
  StoreOptions options;
  options.path = config.store_path;
  options.max_kept = config.max_kept_executions;
  options.observer.on_commit = [this](absl::Duration duration,
                                      std::size_t group) {
    metrics.ObserveCommit(duration, group);
  };
  auto opened = OpenStore(options);
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  absl::StatusOr<LiveState> live = LoadLive(*store, clock);
  if (!live.ok()) return live.status();
  if (config.store_path.empty()) {
    LogWarning(
        "policy.storePath is not set: what waits, what runs and the audit are "
        "lost with this process");
  } else {
    MakeCheckpointer(config);
  }
  dispatcher = std::make_unique<Dispatcher>(
      Dispatcher::Parts{clock, policy, *store, minter, metrics,
                        absl::StrCat("po-", HexEncode(RandomBytes(6))),
                        std::string(Version())},
      LimitsFrom(config));
  dispatcher->TakeUp(*std::move(live));
  // The history of the policy begins with what is in force from the start.
  dispatcher->Record(ConfigAppliedEntry(
      policy.Current()->version, policy.Current()->config_json, clock.Now()));
  return absl::OkStatus();
}

void PolicyApp::Parts::MakeCheckpointer(const PolicyConfig& config) {
  checkpointer = std::make_unique<AuditCheckpointer>(
      *store, *audit_key, clock, CheckpointPath(config),
      CheckpointObserver{
          [this](absl::Time time) { metrics.SetAuditCheckpoint(time); },
          [this] { metrics.CountAuditFailure(); }});
  // It has said in the log what is wrong. Work goes on: an operator may have
  // put back an older store, and the record of that stays in the log.
  static_cast<void>(checkpointer->CompareWithStore());
}

void PolicyApp::Parts::OnReload(const PolicyReload& reload) {
  metrics.CountReload(reload.status.ok());
  dispatcher->Record(
      reload.status.ok()
          ? ConfigAppliedEntry(reload.version, policy.Current()->config_json,
                               clock.Now())
          : ConfigRefusedEntry(reload.version, reload.status.message(),
                               clock.Now()));
}

void PolicyApp::Parts::RecordStop() {
  if (std::exchange(stop_recorded, true)) return;
  Transaction end;
  if (auto untold = handlers->refusals().TakeUntold()) {
    end.audit.push_back(*std::move(untold));
  }
  end.audit.push_back(ServiceEntry(ServiceEvent::kStopped, Version(),
                                   policy.Current()->version, clock.Now()));
  absl::Notification recorded;
  store->Commit(std::move(end), [&recorded](const absl::Status& status) {
    if (!status.ok()) {
      LogError("the stop could not be recorded",
               {{"error", status.ToString()}});
    }
    recorded.Notify();
  });
  recorded.WaitForNotification();
  // It says in the log what is wrong.
  if (checkpointer != nullptr) {
    static_cast<void>(checkpointer->Checkpoint());
  }
}

absl::Status PolicyApp::Parts::Serve(
    const PolicyConfig& config,
    std::shared_ptr<grpc::ServerCredentials> credentials) {
  auto metrics_listener = MetricsServer::Start(config.metrics_listen, registry);
  if (!metrics_listener.ok()) return metrics_listener.status();
  metrics_server = *std::move(metrics_listener);
  auto probe_listener = ProbeServer::Start(config.probe_listen);
  if (!probe_listener.ok()) return probe_listener.status();
  probes = *std::move(probe_listener);
  handlers = std::make_unique<PolicyHandlers>(
      access, *authenticator, policy, *dispatcher, *store, *audit_key, clock);
  RpcServerOptions options;
  options.listen = config.listen;
  options.credentials = std::move(credentials);
  options.registry = registry.get();
  options.services = handlers->Services();
  auto started = RpcServer::Start(options);
  if (!started.ok()) return started.status();
  server = *std::move(started);
  ticker = std::make_unique<Ticker>(kTick, [this] {
    dispatcher->Tick();
    handlers->refusals().Tick();
  });
  upkeep = std::make_unique<PolicyUpkeep>(
      PolicyUpkeep::Parts{clock, *store, policy, checkpointer.get()},
      UpkeepSettings{config.audit_checkpoint_interval, config.keep_executions,
                     config.keep_audit_payloads});
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PolicyApp>> PolicyApp::Start(
    const PolicyConfig& config) {
  auto key = SigningKeyFile::Open(config.grant_key_path);
  if (!key.ok()) return key.status();
  auto authenticator = PrincipalAuthenticator::Open(
      {config.tokens_path, config.client_ca_path}, "policy");
  if (!authenticator.ok()) return authenticator.status();
  auto credentials = MutualTlsServerCredentials(config.tls, "policy.tls");
  if (!credentials.ok()) return credentials.status();

  auto parts = std::make_unique<Parts>(config, *std::move(key),
                                       *std::move(authenticator));
  absl::Status status = parts->Restore(config);
  if (status.ok()) status = parts->Serve(config, *std::move(credentials));
  if (!status.ok()) return status;
  parts->server->SetReady(true);
  parts->probes->SetReady(true);
  return std::unique_ptr<PolicyApp>(new PolicyApp(std::move(parts)));
}

PolicyApp::PolicyApp(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PolicyApp::~PolicyApp() {
  // Streams that are left must not call into what is being taken apart.
  parts_->dispatcher->AbortStreams();
  parts_->server->Drain(absl::Now());
}

void PolicyApp::Drain(absl::Time deadline) {
  parts_->probes->SetReady(false);
  parts_->server->SetReady(false);
  parts_->dispatcher->BeginDrain();
  // What runs may end, and be recorded; executors must be able to say so.
  parts_->dispatcher->Tick();
  while (absl::Now() < deadline && parts_->dispatcher->live() > 0) {
    absl::SleepFor(kTick);
  }
  parts_->dispatcher->AbortStreams();
  parts_->server->Drain(std::min(deadline, absl::Now() + absl::Seconds(5)));
  parts_->RecordStop();
}

void PolicyApp::Reload() { parts_->policy.AskReload(); }

int PolicyApp::port() const { return parts_->server->port(); }
int PolicyApp::metrics_port() const { return parts_->metrics_server->port(); }
int PolicyApp::probe_port() const { return parts_->probes->port(); }

}  // namespace airlock::policy
