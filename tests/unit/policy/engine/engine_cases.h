// Actions and decisions for the engine's tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/action.pb.h"
#include "services/policy/engine/decide.h"
#include "tests/support/contract_from_text.h"

namespace airlock::policy {

using airlock::v1::Action;

inline Action Argv(const std::vector<std::string>& args) {
  Action action;
  for (const std::string& arg : args) {
    action.mutable_system_command()->mutable_argv()->add_args(arg);
  }
  return action;
}

inline Action Shell(const std::string& line) {
  Action action;
  action.mutable_system_command()->set_shell(line);
  return action;
}

inline Action Code(const std::string& language, const std::string& code) {
  Action action;
  action.mutable_code_exec()->set_language(language);
  action.mutable_code_exec()->set_code(code);
  return action;
}

inline Action FileRead(const std::string& path) {
  Action action;
  action.mutable_file_read()->set_path(path);
  return action;
}

inline Action HttpGet(const std::string& url) {
  Action action;
  action.mutable_http_get()->set_url(url);
  return action;
}

// What is decided is what is explained; only the steps are left out.
inline void ExpectSame(const DecisionResult& decided,
                       const DecisionResult& told) {
  EXPECT_EQ(decided.effect, told.effect);
  EXPECT_EQ(decided.rule, told.rule);
  EXPECT_EQ(decided.reason, told.reason);
  EXPECT_EQ(decided.explanation, told.explanation);
  EXPECT_TRUE(decided.steps.empty());
}

// Decides both ways.
inline DecisionResult DecideText(absl::string_view config, const Action& action,
                                 absl::string_view agent = "ci-bot") {
  const auto contract = ContractFromText(config);
  if (contract == nullptr) return {};
  const ActionFacts facts = FactsFromAction(action, agent);
  DecisionResult told = Explain(contract->ForAgent(agent), facts);
  ExpectSame(Decide(contract->ForAgent(agent), facts), told);
  return told;
}

inline DecisionResult DecideByRules(absl::string_view rules,
                                    const Action& action) {
  return DecideText(absl::StrCat(R"({"autonomy": {"level": "full"},
                                    "approvalGating": {"rules": [)",
                                 rules, "]}}"),
                    action);
}

MATCHER_P3(Decided, effect, reason, rule, "") {
  *result_listener << "effect " << static_cast<int>(arg.effect) << ", "
                   << arg.reason << " by " << arg.rule << ": "
                   << arg.explanation;
  return arg.effect == effect && arg.reason == reason && arg.rule == rule;
}

inline auto Allowed(const std::string& rule) {
  return Decided(
      Effect::kAllow,
      rule == "autonomy.level" ? kReasonLevelAllows : kReasonRuleAllows, rule);
}

inline auto NeedsApproval(const std::string& rule) {
  return Decided(Effect::kRequireApproval, kReasonApprovalRequired, rule);
}

}  // namespace airlock::policy
