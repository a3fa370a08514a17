#include "services/policy/policy_config.h"

#include "common/config/section_reader.h"

namespace airlock::policy {
namespace {

constexpr std::int64_t kMaxCount = 1'000'000;

}  // namespace

PolicyConfig PolicyConfigFromProto(const config::v1::Config& config,
                                   ProblemList& problems) {
  PolicyConfig checked;
  checked.contract = ContractFromConfig(config, problems);

  SectionReader policy(config.policy(), "policy", problems);
  checked.listen = policy.Listen("listen", "127.0.0.1:7401").ToString();
  checked.metrics_listen =
      policy.Listen("metricsListen", "127.0.0.1:9465").ToString();
  checked.probe_listen =
      policy.Listen("probeListen", "127.0.0.1:7411").ToString();
  checked.grant_key_path = policy.RequiredText("grantKeyPath");
  checked.tokens_path = policy.RequiredText("tokensPath");
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

  SectionReader tls(config.policy().tls(), "policy.tls", problems);
  checked.tls.cert_path = tls.RequiredText("certPath");
  checked.tls.key_path = tls.RequiredText("keyPath");
  checked.tls.ca_path = tls.RequiredText("caPath");
  return checked;
}

}  // namespace airlock::policy
