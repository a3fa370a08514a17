#include "services/executor/executor_app.h"

#include <prometheus/registry.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "common/concurrency/ticker.h"
#include "common/concurrency/worker_pool.h"
#include "common/logging/log.h"
#include "common/metrics/metrics_server.h"
#include "common/process/version.h"
#include "common/rpc/channel.h"
#include "common/rpc/probe_server.h"
#include "common/security/digest.h"
#include "common/security/key_files.h"
#include "common/security/random.h"
#include "common/text_escape/escape.h"
#include "services/executor/clients/policy_link.h"
#include "services/executor/dispatch/backend_monitor.h"
#include "services/executor/dispatch/grant_verifier.h"
#include "services/executor/dispatch/job_table.h"
#include "services/executor/dispatch/outcome.h"
#include "services/executor/executor_metrics.h"
#include "services/executor/sandbox/bounded_backend.h"
#include "services/executor/sandbox/sandbox_quota.h"
#include "services/executor/sandbox/sandbox_reaper.h"
#include "services/executor/sandbox/self_test.h"
#include "services/executor/sandbox/warm_pool.h"
#include "services/executor/state/executor_state.h"

namespace airlock::executor {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(200);
constexpr absl::Duration kSweepInterval = absl::Seconds(15);
// Creating and removing wait for the engine more than they compute.
constexpr std::size_t kMaxCreators = 16;
constexpr std::size_t kMaxReapers = 8;
// Kept of the time to drain: to kill what did not end, and to say so.
constexpr absl::Duration kKillReserve = absl::Seconds(10);
// How long links wait for the backend before they are dialled.
constexpr absl::Duration kFirstLook = absl::Seconds(2);
// How long jobs wait for the first sandboxes that shall wait for them.
constexpr absl::Duration kFirstFill = absl::Seconds(5);
// Of what operators are told of a backend that cannot be used.
constexpr std::size_t kMaxTroubleBytes = std::size_t{4} << 10;
// How long a destructor waits for what it kills.
constexpr absl::Duration kAbruptEnd = absl::Seconds(5);

JobTableOptions TableOptions(const ExecutorConfig& config,
                             const ExecutorState& state) {
  JobTableOptions options;
  options.executor_id = state.id();
  options.boot_nonce = state.boot_nonce();
  options.version = Version();
  options.labels = config.labels;
  options.slots = config.max_running;
  options.links = config.policy_targets.size();
  // What is left when as much runs outside of sessions as may run.
  options.sessions = config.max_sandboxes - config.max_running;
  return options;
}

void DrainJobs(JobTable& table, absl::Time deadline) {
  const absl::Time now = absl::Now();
  const absl::Duration reserve = std::min(kKillReserve, (deadline - now) / 2);
  if (table.WaitIdle(deadline - reserve)) return;
  table.CancelAll("EXECUTOR_DRAINING");
  if (!table.WaitIdle(deadline)) {
    LogWarning("stopping with jobs whose end no policy has recorded");
  }
}

// What a host may lack that was not prepared by an administrator.
std::vector<std::string> BestEffortChecks(const ExecutorConfig& config) {
  if (!config.ssh.has_value() || !config.ssh->best_effort) return {};
  return {"cpu", "memory", "pids", "swap"};
}

// Why it is not ready, for operators.
void AddTrouble(const absl::Status& trouble, internal::v1::ExecutorStatus& to) {
  if (trouble.ok()) return;
  to.set_not_ready_reason(BackendErrorReason(trouble));
  const absl::string_view message = trouble.message();
  std::string shown = EscapeRendered(message.substr(0, kMaxTroubleBytes));
  if (shown.size() > kMaxTroubleBytes) {
    // A byte becomes eight at most.
    shown = EscapeRendered(message.substr(0, kMaxTroubleBytes / 8));
  }
  to.set_not_ready_message(shown);
}

}  // namespace

// In the order they depend on each other. The end is in ~ExecutorApp, because
// the jobs use the workers and the workers the jobs.
struct ExecutorApp::Parts {
  Parts(const ExecutorConfig& config,
        std::unique_ptr<ExecutorState> locked_state,
        std::unique_ptr<VerifyKeyFile> grant_keys,
        std::shared_ptr<prometheus::Registry> made_registry,
        std::unique_ptr<ExecutorMetrics> made_metrics,
        std::unique_ptr<SandboxBackend> made_backend)
      : state(std::move(locked_state)),
        registry(std::move(made_registry)),
        owned_metrics(std::move(made_metrics)),
        grants(std::move(grant_keys), state->id(), state->boot_nonce()),
        backend(std::move(made_backend)),
        quota(config.max_sandboxes),
        creators(std::make_unique<WorkerPool>(
            std::min(config.max_running, kMaxCreators), config.max_running)),
        reaper(std::make_unique<SandboxReaper>(
            std::min(config.max_running, kMaxReapers), config.max_sandboxes,
            metrics)),
        warm_pool(std::make_unique<WarmPool>(
            config.warm_targets,
            WarmPoolServices{
                .backend = *backend,
                .quota = quota,
                .reaper = *reaper,
                .clock = clock,
                .metrics = metrics,
                .on_backend_trouble = [this] { monitor->Suspect(); }})),
        bounded(*backend, quota, [this] { warm_pool->MakeRoom(); }) {
    if (config.tried_sandbox.has_value()) {
      self_test.emplace(
          SelfTest::Wanted{*config.tried_sandbox, BestEffortChecks(config)},
          bounded, *reaper, metrics);
    }
  }

  void StartTable(const ExecutorConfig& config);
  void StartLinks(const ExecutorConfig& config,
                  const std::shared_ptr<grpc::ChannelCredentials>& credentials);
  // On the monitor's thread.
  absl::Status TryLimits(absl::Time deadline);
  void HandleBackend(bool up, const std::vector<BackendImage>& images);
  internal::v1::ExecutorStatus MakeStatus() const;
  void Tick();

  const std::unique_ptr<ExecutorState> state;
  const std::shared_ptr<prometheus::Registry> registry;
  const std::unique_ptr<ExecutorMetrics> owned_metrics;
  ExecutorMetrics& metrics = *owned_metrics;
  SystemClock clock;
  const GrantVerifier grants;
  const std::unique_ptr<SandboxBackend> backend;
  SandboxQuota quota;
  std::unique_ptr<WorkerPool> creators;
  std::unique_ptr<SandboxReaper> reaper;
  std::unique_ptr<WarmPool> warm_pool;
  BoundedBackend bounded;
  std::optional<SelfTest> self_test;
  std::shared_ptr<JobTable> table;
  std::unique_ptr<BackendMonitor> monitor;
  std::unique_ptr<MetricsServer> metrics_server;
  std::unique_ptr<ProbeServer> probes;
  std::vector<std::unique_ptr<PolicyLink>> links;
  std::unique_ptr<Ticker> ticker;
  // Only in Tick().
  absl::Duration swept_at;
};

void ExecutorApp::Parts::StartTable(const ExecutorConfig& config) {
  table = JobTable::Make(
      TableOptions(config, *state),
      JobServices{.backend = bounded,
                  .warm_pool = *warm_pool,
                  .creators = *creators,
                  .reaper = *reaper,
                  .grants = grants,
                  .clock = clock,
                  .metrics = metrics,
                  .sessions = {},
                  .post = {},
                  .on_change = {},
                  .on_backend_trouble = [this] { monitor->Suspect(); }});
  monitor = std::make_unique<BackendMonitor>(
      *backend, metrics,
      [this](absl::Time deadline) { return TryLimits(deadline); },
      [this](bool up, const std::vector<BackendImage>& images) {
        HandleBackend(up, images);
      });
  // Only now: what follows asks it to look again.
  monitor->Start();
}

absl::Status ExecutorApp::Parts::TryLimits(absl::Time deadline) {
  return self_test.has_value() ? self_test->Run(deadline) : absl::OkStatus();
}

void ExecutorApp::Parts::HandleBackend(
    bool up, const std::vector<BackendImage>& images) {
  // What could not be removed while it was down can be now.
  if (up) reaper->Sweep();
  warm_pool->SetBackend(up, images);
  if (up) warm_pool->AwaitFirstFill(kFirstFill);
  table->SetBackend(up, images);
}

void ExecutorApp::Parts::StartLinks(
    const ExecutorConfig& config,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  ChannelOptions options;
  options.tls_name = PeerDnsName(airlock::v1::PEER_ROLE_POLICY);
  for (std::size_t i = 0; i < config.policy_targets.size(); ++i) {
    const std::string& target = config.policy_targets[i];
    links.push_back(std::make_unique<PolicyLink>(
        i, target, MakeChannel(target, credentials, options), *table, clock));
  }
}

internal::v1::ExecutorStatus ExecutorApp::Parts::MakeStatus() const {
  internal::v1::ExecutorStatus status;
  status.set_max_sandboxes(static_cast<std::uint32_t>(quota.limit()));
  status.set_sandboxes(static_cast<std::uint32_t>(quota.taken()));
  status.set_warm_sandboxes(static_cast<std::uint32_t>(warm_pool->ready()));
  status.set_warm_target(static_cast<std::uint32_t>(warm_pool->target()));
  AddTrouble(monitor->trouble(), status);
  if (!self_test.has_value()) return status;
  for (const EnforcementCheck& found : self_test->checks()) {
    airlock::v1::EnforcementCheck& check = *status.add_checks();
    check.set_name(found.name);
    check.set_ok(found.ok);
    check.set_message(found.message);
  }
  return status;
}

void ExecutorApp::Parts::Tick() {
  table->Tick();
  warm_pool->Tick();
  metrics.SetSandboxes(quota.taken());
  table->SetStatus(MakeStatus());
  probes->SetReady(table->ready());
  const absl::Duration now = clock.Monotonic();
  if (now - swept_at < kSweepInterval) return;
  swept_at = now;
  reaper->Sweep();
}

absl::StatusOr<std::unique_ptr<ExecutorApp>> ExecutorApp::Start(
    const ExecutorConfig& config, const BackendFactory& make_backend) {
  auto keys = VerifyKeyFile::Open(config.grant_public_key_path);
  if (!keys.ok()) return keys.status();
  auto credentials = MutualTlsChannelCredentials(config.tls, "executor.tls");
  if (!credentials.ok()) return credentials.status();
  auto state = ExecutorState::Open(config.state_path);
  if (!state.ok()) return state.status();
  auto registry = std::make_shared<prometheus::Registry>();
  auto metrics = std::make_unique<ExecutorMetrics>(*registry);
  auto backend = make_backend({.executor_id = (*state)->id(),
                               .boot = HexEncode((*state)->boot_nonce()),
                               .metrics = metrics.get()});
  if (!backend.ok()) return backend.status();

  auto parts = std::make_unique<Parts>(config, *std::move(state),
                                       *std::move(keys), std::move(registry),
                                       std::move(metrics), *std::move(backend));
  auto metrics_server =
      MetricsServer::Start(config.metrics_listen, parts->registry);
  if (!metrics_server.ok()) return metrics_server.status();
  parts->metrics_server = *std::move(metrics_server);
  auto probes = ProbeServer::Start(config.probe_listen);
  if (!probes.ok()) return probes.status();
  parts->probes = *std::move(probes);

  Parts& running = *parts;
  std::unique_ptr<ExecutorApp> app(new ExecutorApp(std::move(parts)));
  running.StartTable(config);
  // So that the first Hello can name the images.
  running.monitor->AwaitFirstLook(kFirstLook);
  running.StartLinks(config, *credentials);
  running.ticker =
      std::make_unique<Ticker>(kTick, [&running] { running.Tick(); });
  LogInfo("executor started", {{"executor_id", running.state->id()},
                               {"backend", running.backend->name()},
                               {"slots", config.max_running}});
  return app;
}

ExecutorApp::ExecutorApp(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}

ExecutorApp::~ExecutorApp() {
  parts_->ticker = nullptr;
  parts_->links.clear();
  parts_->warm_pool->Close();
  if (parts_->table != nullptr) {
    // Nobody can hear of it any more, but nothing may go on running.
    parts_->table->CancelAll("EXECUTOR_STOPPED");
    parts_->table->WaitStill(absl::Now() + kAbruptEnd);
  }
  if (parts_->table != nullptr) parts_->table->Stop();
  // It stays until nobody can suspect anything any more.
  if (parts_->monitor != nullptr) parts_->monitor->Stop();
  parts_->creators = nullptr;
  parts_->warm_pool = nullptr;
  parts_->reaper = nullptr;
  parts_->monitor = nullptr;
  parts_->table = nullptr;
}

void ExecutorApp::Drain(absl::Time deadline) {
  parts_->table->StartDrain();
  parts_->probes->SetReady(false);
  parts_->warm_pool->Close();
  DrainJobs(*parts_->table, deadline);
  if (!parts_->warm_pool->AwaitEmpty(deadline)) {
    LogWarning("stopping with sandboxes that could not be removed yet");
  }
}

const std::string& ExecutorApp::id() const { return parts_->state->id(); }
bool ExecutorApp::ready() const { return parts_->table->ready(); }
int ExecutorApp::metrics_port() const { return parts_->metrics_server->port(); }
int ExecutorApp::probe_port() const { return parts_->probes->port(); }

BackendTrial TryBackend(const ExecutorConfig& config,
                        const BackendFactory& make_backend,
                        absl::Time deadline) {
  // As nobody: what an executor left is not ours to remove.
  const auto backend = make_backend({.executor_id = "check-" + RandomUuid(),
                                     .boot = "check",
                                     .metrics = nullptr});
  if (!backend.ok()) return {backend.status(), {}};
  BackendTrial trial{(*backend)->Check(deadline), {}};
  if (!trial.status.ok() || !config.tried_sandbox.has_value()) return trial;
  prometheus::Registry registry;
  ExecutorMetrics metrics(registry);
  SandboxReaper reaper(/*threads=*/1, /*queue_limit=*/1, metrics);
  SelfTest test({*config.tried_sandbox, BestEffortChecks(config)}, **backend,
                reaper, metrics);
  trial.status = test.Run(deadline);
  trial.checks = test.checks();
  return trial;
}

}  // namespace airlock::executor
