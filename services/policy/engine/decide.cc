#include "services/policy/engine/decide.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/policy/engine/rule_match.h"

namespace airlock::policy {
namespace {

// Walks the decision order. With `explains` it remembers the steps.
class Walk {
 public:
  Walk(const AgentContract& contract, const ActionFacts& facts, bool explains)
      : contract_(contract), facts_(facts), explains_(explains) {}

  DecisionResult Run() && {
    if (!IsJudgeable() || !PassesSandbox() || !PassesLists() ||
        !PassesReadonly() || !PassesRules()) {
      return std::move(result_);
    }
    ApplyLevel();
    return std::move(result_);
  }

 private:
  // The word of the configuration, in quotation marks.
  std::string Kind() const {
    return absl::StrCat("\"", ActionWordText(*facts_.word), "\"");
  }

  // The setting at `rule` has nothing against it; `texts` together say why, and
  // are put together only for who wants to know. Returns true: go on.
  template <typename... Texts>
  bool Pass(const std::string& rule, const Texts&... texts) {
    if (explains_) {
      result_.steps.push_back({rule, false, absl::StrCat(texts...)});
    }
    return true;
  }

  // The setting at `rule` decides. Returns false: do not go on.
  bool Apply(const std::string& rule, Effect effect, absl::string_view reason,
             std::string explanation) {
    result_.effect = effect;
    result_.rule = rule;
    result_.reason = std::string(reason);
    if (explains_) result_.steps.push_back({rule, true, explanation});
    result_.explanation = std::move(explanation);
    return false;
  }

  bool Deny(const std::string& rule, absl::string_view reason,
            std::string explanation) {
    return Apply(rule, Effect::kDeny, reason, std::move(explanation));
  }

  // A human must agree, who can be asked only where approvals are enabled.
  bool RequireApproval(const std::string& rule, std::string explanation,
                       std::uint32_t required) {
    if (contract_.approval.enabled) {
      result_.required_approvals = required;
      return Apply(rule, Effect::kRequireApproval, kReasonApprovalRequired,
                   std::move(explanation));
    }
    Pass(rule, explanation);
    return Deny(
        contract_.approval.enabled_path, kReasonApprovalGatingDisabled,
        absl::StrCat(explanation, ", but ", contract_.approval.enabled_path,
                     " is false, so nobody is asked"));
  }

  bool IsJudgeable() {
    if (!facts_.word.has_value()) {
      return Deny("action", kReasonUnknownAction,
                  "the action has no kind that this version knows");
    }
    if (!facts_.unjudgeable.empty()) {
      return Deny(
          "action", kReasonInvalidAction,
          absl::StrCat("the action cannot be judged: ", facts_.unjudgeable));
    }
    return Pass("action", "the action is decided as ", Kind());
  }

  bool PassesSandbox() {
    const std::string& path = contract_.sandbox.enabled_path;
    if (contract_.sandbox.enabled) return Pass(path, "the sandbox is enabled");
    return Deny(path, kReasonSandboxDisabled,
                absl::StrCat(path,
                             " is false, and nothing runs without a "
                             "sandbox"));
  }

  bool PassesLists() {
    const AutonomySettings& autonomy = contract_.autonomy;
    if (autonomy.blocked_actions.contains(*facts_.word)) {
      return Deny(autonomy.blocked_actions_path, kReasonBlockedAction,
                  absl::StrCat(autonomy.blocked_actions_path, " has ", Kind()));
    }
    Pass(autonomy.blocked_actions_path, Kind(), " is not blocked");
    if (!autonomy.allowed_actions.has_value()) {
      return Pass(autonomy.allowed_actions_path,
                  "is not given, so every kind may be asked for");
    }
    if (autonomy.allowed_actions->count(*facts_.word) == 0) {
      return Deny(
          autonomy.allowed_actions_path, kReasonActionNotAllowed,
          absl::StrCat(autonomy.allowed_actions_path, " lacks ", Kind()));
    }
    return Pass(autonomy.allowed_actions_path, Kind(), " may be asked for");
  }

  bool PassesReadonly() {
    const AutonomySettings& autonomy = contract_.autonomy;
    if (autonomy.level != AutonomyLevel::kReadonly) return true;
    if (facts_.word == ActionWord::kFileRead ||
        facts_.word == ActionWord::kHttpGet) {
      return Pass(autonomy.level_path, "\"readonly\" lets ", Kind(), " go on");
    }
    return Deny(autonomy.level_path, kReasonReadonly,
                absl::StrCat(autonomy.level_path,
                             " is \"readonly\", which refuses ", Kind()));
  }

  bool PassesRules() {
    if (!explains_) {
      const Rule* rule = FirstMatch(contract_.approval, facts_);
      return rule == nullptr || ApplyRule(*rule);
    }
    for (const Rule& rule : contract_.approval.rules) {
      const std::string mismatch = WhyRuleDoesNotMatch(rule, facts_);
      if (mismatch.empty()) return ApplyRule(rule);
      Pass(rule.key_path, mismatch);
    }
    return true;
  }

  bool ApplyRule(const Rule& rule) {
    const std::string says = absl::StrCat(rule.key_path, " matches and says \"",
                                          RuleEffectText(rule.effect), "\"");
    switch (rule.effect) {
      case RuleEffect::kAuto:
        return Apply(rule.key_path, Effect::kAllow, kReasonRuleAllows, says);
      case RuleEffect::kRequired:
        return RequireApproval(
            rule.key_path, says,
            rule.required.value_or(contract_.approval.required));
      case RuleEffect::kDeny:
        break;
    }
    return Deny(rule.key_path, kReasonRuleDenies, says);
  }

  void ApplyLevel() {
    const AutonomySettings& autonomy = contract_.autonomy;
    const std::string says =
        absl::StrCat("no rule matches, and ", autonomy.level_path, " is \"",
                     AutonomyLevelText(autonomy.level), "\"");
    switch (autonomy.level) {
      case AutonomyLevel::kSupervised:
        RequireApproval(autonomy.level_path, says, contract_.approval.required);
        return;
      // With readonly only the reads have come this far.
      case AutonomyLevel::kReadonly:
      case AutonomyLevel::kFull:
        Apply(autonomy.level_path, Effect::kAllow, kReasonLevelAllows, says);
        return;
    }
    Deny(autonomy.level_path, kReasonInvalidAction, "the level is unknown");
  }

  const AgentContract& contract_;
  const ActionFacts& facts_;
  const bool explains_;
  DecisionResult result_;
};

airlock::v1::Decision::Effect EffectToProto(Effect effect) {
  switch (effect) {
    case Effect::kAllow:
      return airlock::v1::Decision::EFFECT_ALLOW;
    case Effect::kRequireApproval:
      return airlock::v1::Decision::EFFECT_REQUIRE_APPROVAL;
    case Effect::kDeny:
      break;
  }
  return airlock::v1::Decision::EFFECT_DENY;
}

}  // namespace

DecisionResult Decide(const AgentContract& contract, const ActionFacts& facts) {
  return Walk(contract, facts, /*explains=*/false).Run();
}

DecisionResult Explain(const AgentContract& contract,
                       const ActionFacts& facts) {
  return Walk(contract, facts, /*explains=*/true).Run();
}

airlock::v1::Decision DecisionToProto(const DecisionResult& result) {
  airlock::v1::Decision decision;
  decision.set_effect(EffectToProto(result.effect));
  decision.set_rule(result.rule);
  decision.set_reason(result.reason);
  decision.set_explanation(result.explanation);
  return decision;
}

airlock::v1::ExplainActionResponse ExplanationToProto(
    const DecisionResult& result) {
  airlock::v1::ExplainActionResponse response;
  *response.mutable_decision() = DecisionToProto(result);
  for (const DecisionStep& step : result.steps) {
    airlock::v1::DecisionStep* out = response.add_steps();
    out->set_rule(step.rule);
    out->set_applied(step.applied);
    out->set_explanation(step.explanation);
  }
  return response;
}

}  // namespace airlock::policy
