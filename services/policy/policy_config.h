// The policy service's part of the configuration, checked.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/config_source.h"
#include "common/config/contract.h"
#include "common/config/problems.h"
#include "common/security/tls.h"

namespace airlock::policy {

// Everything a PolicyApp is made from.
struct PolicyConfig {
  std::shared_ptr<const Contract> contract;
  // What all of this was checked from, and how to read it again. A source that
  // is left empty means that nothing is reloaded.
  config::v1::Config file;
  ConfigSource source;
  // "host:port"; port 0 takes any free one.
  std::string listen;
  std::string metrics_listen;
  std::string probe_listen;
  TlsFiles tls;
  std::string grant_key_path;
  std::string tokens_path;
  // Authorities of principals' certificates. Empty: none is accepted.
  std::string client_ca_path;
  absl::Duration drain_timeout;
  std::size_t max_queued = 0;
  std::size_t max_queued_per_agent = 0;
  std::size_t max_kept_executions = 0;
  std::size_t kept_output_bytes = 0;
  std::size_t max_pending_approvals = 0;
  // Empty: memory.
  std::string store_path;
  absl::Duration keep_executions;
  absl::Duration keep_audit_payloads;
  // Empty: beside the store.
  std::string audit_checkpoint_path;
  absl::Duration audit_checkpoint_interval;
};

// Checks the contract and the `policy` section, and adds every problem to the
// list. What is returned is good for use only if there was no error.
PolicyConfig PolicyConfigFromProto(const config::v1::Config& config,
                                   ProblemList& problems);

}  // namespace airlock::policy
