// The documented sections of the configuration, checked: what every agent may
// ask for, when a human must agree, and within what it runs.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/approval_settings.h"
#include "common/config/autonomy_settings.h"
#include "common/config/problems.h"
#include "common/config/sandbox_settings.h"

namespace airlock {

// Everything that holds for one agent.
struct AgentContract {
  SandboxSettings sandbox;
  AutonomySettings autonomy;
  ApprovalSettings approval;
};

// What holds for every agent. Immutable; reading it is thread-safe.
class Contract {
 public:
  Contract(AgentContract defaults, std::map<std::string, AgentContract> agents);

  // What holds for the agent `id`: its own settings where it has some, else
  // what holds for all. The reference lives as long as this.
  const AgentContract& ForAgent(absl::string_view id) const;

  // What holds for agents without settings of their own.
  const AgentContract& defaults() const { return defaults_; }
  // Agents with settings of their own.
  const std::map<std::string, AgentContract>& agents() const { return agents_; }

 private:
  AgentContract defaults_;
  std::map<std::string, AgentContract> agents_;
};

// Checks `sandbox`, `autonomy`, `approvalGating` and `agents`. Adds every
// error and warning to `problems`; nullptr if there was an error among them.
std::shared_ptr<const Contract> ContractFromConfig(
    const config::v1::Config& config, ProblemList& problems);

}  // namespace airlock
