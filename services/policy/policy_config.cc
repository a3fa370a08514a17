#include "services/policy/policy_config.h"

#include "common/config/section_reader.h"

namespace airlock::policy {
namespace {

constexpr std::int64_t kMaxCount = 1'000'000;
constexpr absl::Duration kMaxKept = absl::Hours(24 * 3650);

}  // namespace

PolicyConfig PolicyConfigFromProto(const config::v1::Config& config,
                                   ProblemList& problems) {
  PolicyConfig checked;
  checked.contract = ContractFromConfig(config, problems);
  checked.file = config;

  SectionReader policy(config.policy(), "policy", problems);
  checked.listen = policy.Listen("listen", "127.0.0.1:7401").ToString();
  checked.metrics_listen =
      policy.Listen("metricsListen", "127.0.0.1:9465").ToString();
  checked.probe_listen =
      policy.Listen("probeListen", "127.0.0.1:7411").ToString();
  checked.grant_key_path = policy.RequiredText("grantKeyPath");
  checked.tokens_path = policy.RequiredText("tokensPath");
  checked.client_ca_path = policy.Text("clientCaPath", "");
  checked.drain_timeout =
      policy.Milliseconds("drainTimeout", absl::Seconds(30));
  const auto count = [&](absl::string_view key, std::int64_t by_default) {
    return static_cast<std::size_t>(
        policy.Integer(key, by_default, {1, kMaxCount}));
  };
  checked.max_queued = count("maxQueued", 1000);
  checked.max_queued_per_agent = count("maxQueuedPerAgent", 200);
  checked.max_kept_executions = count("maxKeptExecutions", 10'000);
  checked.kept_output_bytes = static_cast<std::size_t>(
      policy.ByteSize("keptOutput", 1 << 20, {4096, 64 << 20}));
  checked.max_pending_approvals = count("maxPendingApprovals", 10'000);
  checked.store_path = policy.Text("storePath", "");
  checked.keep_executions = policy.Milliseconds(
      "keepExecutions", absl::Hours(24 * 30), {absl::Hours(24), kMaxKept});
  checked.keep_audit_payloads = policy.Milliseconds(
      "keepAuditPayloads", absl::Hours(24 * 90), {absl::Hours(24), kMaxKept});
  checked.audit_checkpoint_path = policy.Text("auditCheckpointPath", "");
  checked.audit_checkpoint_interval =
      policy.Milliseconds("auditCheckpointInterval", absl::Minutes(1),
                          {absl::Seconds(1), absl::Hours(24)});

  SectionReader tls(config.policy().tls(), "policy.tls", problems);
  checked.tls.cert_path = tls.RequiredText("certPath");
  checked.tls.key_path = tls.RequiredText("keyPath");
  checked.tls.ca_path = tls.RequiredText("caPath");
  return checked;
}

}  // namespace airlock::policy
