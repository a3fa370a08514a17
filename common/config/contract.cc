#include "common/config/contract.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config/key_path.h"
#include "common/config/section_reader.h"
#include "common/config/values.h"

namespace airlock {
namespace {

constexpr std::size_t kMaxAgents = 500;

// The three sections for everybody, or one agent's own keys of them.
struct Sections {
  const config::v1::Sandbox& sandbox;
  const config::v1::Autonomy& autonomy;
  const config::v1::ApprovalGating& approval_gating;
};

// `base`, with each key that `overrides` has in place of the base's.
template <typename Section>
Section Override(const Section& base, const Section& overrides) {
  Section merged = base;
  std::vector<const google::protobuf::FieldDescriptor*> given;
  overrides.GetReflection()->ListFields(overrides, &given);
  for (const google::protobuf::FieldDescriptor* key : given) {
    merged.GetReflection()->ClearField(&merged, key);
  }
  merged.MergeFrom(overrides);
  return merged;
}

// "" for a kind that gets as far as the rules, else why it does not.
std::string WhyRulesAreNotReached(const AgentContract& contract,
                                  ActionWord word) {
  const AutonomySettings& autonomy = contract.autonomy;
  if (autonomy.blocked_actions.contains(word)) {
    return absl::StrCat(autonomy.blocked_actions_path, " has \"",
                        ActionWordText(word), "\"");
  }
  if (autonomy.allowed_actions.has_value() &&
      autonomy.allowed_actions->count(word) == 0) {
    return absl::StrCat(autonomy.allowed_actions_path, " lacks \"",
                        ActionWordText(word), "\"");
  }
  if (autonomy.level == AutonomyLevel::kReadonly &&
      word != ActionWord::kFileRead && word != ActionWord::kHttpGet) {
    return absl::StrCat(autonomy.level_path, " is \"readonly\"");
  }
  return "";
}

void WarnOfUselessRules(const AgentContract& contract, ProblemList& problems) {
  for (const Rule& rule : contract.approval.rules) {
    const std::string why = WhyRulesAreNotReached(contract, rule.action);
    if (!why.empty()) {
      problems.AddWarning(
          rule.key_path,
          absl::StrCat("can never apply: ", why, ", and no rule lifts that"));
    } else if (rule.language.has_value() &&
               !contract.sandbox.languages.contains(*rule.language)) {
      problems.AddWarning(rule.key_path,
                          absl::StrCat("can never match: sandbox.languages has "
                                       "no ",
                                       QuoteForMessage(*rule.language)));
    }
  }
}

void WarnOfRefusedApprovals(const AgentContract& contract,
                            ProblemList& problems) {
  if (contract.approval.enabled ||
      contract.autonomy.level != AutonomyLevel::kSupervised) {
    return;
  }
  problems.AddWarning(
      contract.approval.enabled_path,
      absl::StrCat("is false while ", contract.autonomy.level_path,
                   " is \"supervised\": what needs approval is refused"));
}

// Reads what the readers of the three sections see. The rules of `inherited`
// are used where there are none of this agent's own; nullptr: read them.
AgentContract ReadSections(const Sections& sections, SectionReader& sandbox,
                           SectionReader& autonomy,
                           SectionReader& approval_gating,
                           const ApprovalSettings* inherited,
                           ProblemList& problems) {
  AgentContract contract;
  contract.sandbox = ReadSandboxSettings(sections.sandbox, sandbox, problems);
  contract.autonomy =
      ReadAutonomySettings(sections.autonomy, autonomy, problems);
  contract.approval = ReadApprovalSettings(sections.approval_gating,
                                           approval_gating, autonomy, problems);
  if (inherited != nullptr) {
    contract.approval.rules = inherited->rules;
    contract.approval.rule_index = inherited->rule_index;
  } else {
    contract.approval.rules =
        ReadRules(sections.approval_gating.rules(),
                  approval_gating.Path("rules"), problems);
    contract.approval.rule_index =
        std::make_shared<const RuleIndex>(contract.approval.rules);
    WarnOfUselessRules(contract, problems);
  }
  CheckRulesHaveEnoughPersons(contract.approval, problems);
  WarnOfRefusedApprovals(contract, problems);
  return contract;
}

AgentContract ReadDefaults(const config::v1::Config& config,
                           ProblemList& problems) {
  SectionReader sandbox(config.sandbox(), "sandbox", problems);
  SectionReader autonomy(config.autonomy(), "autonomy", problems);
  SectionReader approval_gating(config.approval_gating(), "approvalGating",
                                problems);
  return ReadSections(
      {config.sandbox(), config.autonomy(), config.approval_gating()}, sandbox,
      autonomy, approval_gating, nullptr, problems);
}

// A rule in an agent's own list that is about another one.
void WarnOfForeignRules(const AgentContract& contract, const std::string& id,
                        ProblemList& problems) {
  for (const Rule& rule : contract.approval.rules) {
    if (!rule.agent.has_value() || *rule.agent == id) continue;
    problems.AddWarning(AppendKey(rule.key_path, "agent"),
                        absl::StrCat("can never match: these are the rules of ",
                                     QuoteForMessage(id), ", got ",
                                     QuoteForMessage(*rule.agent)));
  }
}

AgentContract ReadAgent(const config::v1::Config& config, const std::string& id,
                        const config::v1::AgentOverrides& own,
                        const AgentContract& defaults, ProblemList& problems) {
  const std::string path = AppendKey("agents", id);
  const config::v1::Sandbox sandbox = Override(config.sandbox(), own.sandbox());
  const config::v1::Autonomy autonomy =
      Override(config.autonomy(), own.autonomy());
  const config::v1::ApprovalGating approval_gating =
      Override(config.approval_gating(), own.approval_gating());
  SectionReader sandbox_reader(sandbox, "sandbox", &own.sandbox(),
                               AppendKey(path, "sandbox"), problems);
  SectionReader autonomy_reader(autonomy, "autonomy", &own.autonomy(),
                                AppendKey(path, "autonomy"), problems);
  SectionReader approval_reader(approval_gating, "approvalGating",
                                &own.approval_gating(),
                                AppendKey(path, "approvalGating"), problems);
  const bool own_rules = own.approval_gating().has_rules();
  AgentContract contract = ReadSections(
      {sandbox, autonomy, approval_gating}, sandbox_reader, autonomy_reader,
      approval_reader, own_rules ? nullptr : &defaults.approval, problems);
  if (own_rules) WarnOfForeignRules(contract, id, problems);
  return contract;
}

}  // namespace

Contract::Contract(AgentContract defaults,
                   std::map<std::string, AgentContract> agents)
    : defaults_(std::move(defaults)), agents_(std::move(agents)) {}

const AgentContract& Contract::ForAgent(absl::string_view id) const {
  const auto agent = agents_.find(std::string(id));
  return agent == agents_.end() ? defaults_ : agent->second;
}

std::shared_ptr<const Contract> ContractFromConfig(
    const config::v1::Config& config, ProblemList& problems) {
  // What is wrong for everybody is found again for each agent; the list keeps
  // it once.
  const std::size_t errors_before = problems.errors_added();
  AgentContract defaults = ReadDefaults(config, problems);
  std::map<std::string, AgentContract> agents;
  if (config.agents().size() > kMaxAgents) {
    problems.AddError(
        "agents", absl::StrCat("must be at most ", kMaxAgents, " agents: got ",
                               config.agents().size()));
  } else {
    // By id, so that problems come in the same order every time.
    const std::map<std::string, config::v1::AgentOverrides> sorted(
        config.agents().begin(), config.agents().end());
    for (const auto& [id, overrides] : sorted) {
      if (!IsPrincipalId(id)) {
        problems.AddError(
            AppendKey("agents", id),
            "must be an agent's id, like [a-z0-9][a-z0-9._-]{0,62}");
      }
      agents[id] = ReadAgent(config, id, overrides, defaults, problems);
    }
  }
  if (problems.errors_added() > errors_before) return nullptr;
  return std::make_shared<const Contract>(std::move(defaults),
                                          std::move(agents));
}

}  // namespace airlock
