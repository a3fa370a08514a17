// The documented sections of the configuration, checked: what every agent may
// ask for, when a human must agree, and within what it runs.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/action_word.h"
#include "common/config/problems.h"
#include "common/config/rule.h"
#include "common/config/sandbox_settings.h"

namespace airlock {

// How far an agent may go without a human.
enum class AutonomyLevel { kReadonly, kSupervised, kFull };

// "readonly" for kReadonly.
absl::string_view AutonomyLevelText(AutonomyLevel level);

// What an agent may ask for.
struct AutonomySettings {
  AutonomyLevel level = AutonomyLevel::kSupervised;
  // Absent: all.
  std::optional<std::set<ActionWord>> allowed_actions;
  // Wins over `allowed_actions`.
  std::set<ActionWord> blocked_actions;

  // Where these stand, for explanations.
  std::string level_path;
  std::string allowed_actions_path;
  std::string blocked_actions_path;
};

// When a human must agree, and what happens then.
struct ApprovalSettings {
  // false: what needs approval is refused.
  bool enabled = true;
  // "telegram", "discord", "slack" or "web".
  std::string channel = "web";
  // Each as "<channel>:<id>". Absent: the principals with the approver role.
  std::optional<std::vector<std::string>> approvers;
  absl::Duration timeout = absl::Minutes(5);
  // What happens when nobody answered in time: false rejects.
  bool approve_on_timeout = false;
  bool show_full_context = true;
  // The first one that matches decides.
  std::vector<Rule> rules;

  // Where it stands, for explanations.
  std::string enabled_path;
};

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
