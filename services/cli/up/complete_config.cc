#include "services/cli/up/complete_config.h"

#include <utility>

namespace airlock::cli {
namespace {

config::v1::Tls RoleTls(const StatePaths& paths, const std::string& role) {
  config::v1::Tls tls;
  tls.set_cert_path(paths.Certificate(role + ".pem"));
  tls.set_key_path(paths.Certificate(role + ".key"));
  tls.set_ca_path(paths.Certificate("ca.pem"));
  return tls;
}

void CompleteGateway(const StatePaths& paths, config::v1::Gateway& gateway) {
  const bool has_own_tls = gateway.has_tls();
  if (!has_own_tls && !gateway.insecure_plain_text()) {
    *gateway.mutable_tls() = RoleTls(paths, "gateway");
    // Agents show a token, not a certificate.
    gateway.mutable_tls()->clear_ca_path();
  }
  if (!gateway.has_internal_tls()) {
    *gateway.mutable_internal_tls() = RoleTls(paths, "gateway");
  }
  if (!gateway.has_tokens_path()) gateway.set_tokens_path(paths.principals);
  if (!gateway.has_policy_target()) {
    gateway.set_policy_target(kOwnPolicyTarget);
  }
  config::v1::Web& web = *gateway.mutable_web();
  if (!web.has_session_key_path()) web.set_session_key_path(paths.web_key);
  // A browser knows nothing of an authority that was made here.
  if (!web.has_plain_text() && !has_own_tls) web.set_plain_text(true);
}

void CompletePolicy(const StatePaths& paths, config::v1::Policy& policy) {
  if (!policy.has_tls()) *policy.mutable_tls() = RoleTls(paths, "policy");
  if (!policy.has_grant_key_path()) {
    policy.set_grant_key_path(paths.Certificate("grant.key"));
  }
  if (!policy.has_tokens_path()) policy.set_tokens_path(paths.principals);
  if (!policy.has_store_path()) policy.set_store_path(paths.database);
  if (!policy.has_audit_checkpoint_path()) {
    policy.set_audit_checkpoint_path(paths.audit_checkpoints);
  }
}

void CompleteExecutor(const StatePaths& paths, config::v1::Executor& executor) {
  if (!executor.has_tls()) *executor.mutable_tls() = RoleTls(paths, "executor");
  if (!executor.has_state_path()) executor.set_state_path(paths.executor);
  if (!executor.has_grant_public_key_path()) {
    executor.set_grant_public_key_path(paths.Certificate("grant.pub"));
  }
  if (!executor.has_policy_targets()) {
    executor.mutable_policy_targets()->add_values(kOwnPolicyTarget);
  }
}

}  // namespace

config::v1::Config CompleteConfig(config::v1::Config config,
                                  const StatePaths& paths) {
  // One process: who is known at its door is known inside.
  if (config.gateway().has_client_ca_path() &&
      !config.policy().has_client_ca_path()) {
    config.mutable_policy()->set_client_ca_path(
        config.gateway().client_ca_path());
  }
  CompleteGateway(paths, *config.mutable_gateway());
  CompletePolicy(paths, *config.mutable_policy());
  CompleteExecutor(paths, *config.mutable_executor());
  return config;
}

}  // namespace airlock::cli
