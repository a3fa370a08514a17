#include "services/policy/engine/rule_match.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/policy/engine/action_paths.h"

namespace airlock::policy {
namespace {

// A path may be written both ways, and so may a pattern for it.
bool PathMatches(const re2::RE2& pattern, const std::string& path) {
  const std::string absolute = path == "."
                                   ? std::string(kWorkspaceRoot)
                                   : absl::StrCat(kWorkspaceRoot, "/", path);
  return re2::RE2::FullMatch(path, pattern) ||
         re2::RE2::FullMatch(absolute, pattern);
}

// What allows matches all of one unambiguous text; what tightens is found
// anywhere in any text there is.
bool CommandMatches(const Rule& rule, const ActionFacts& facts) {
  if (rule.effect == RuleEffect::kAuto) {
    return facts.word == ActionWord::kSystemCommand &&
           facts.exact_command.has_value() &&
           re2::RE2::FullMatch(*facts.exact_command, *rule.command);
  }
  return std::any_of(facts.command_texts.begin(), facts.command_texts.end(),
                     [&rule](const std::string& text) {
                       return re2::RE2::PartialMatch(text, *rule.command);
                     });
}

std::string WhyCommandDoesNotMatch(const Rule& rule, const ActionFacts& facts) {
  if (rule.effect == RuleEffect::kAuto && !facts.exact_command.has_value()) {
    return "its command allows an argv only, and none that comes with stdin, "
           "env or files";
  }
  return "its command does not match";
}

}  // namespace

std::string WhyRuleDoesNotMatch(const Rule& rule, const ActionFacts& facts) {
  if (facts.word != rule.action) {
    return absl::StrCat("is about \"", ActionWordText(rule.action), "\"");
  }
  if (rule.agent.has_value() && *rule.agent != facts.agent) {
    return "is about another agent";
  }
  if (rule.language.has_value() && *rule.language != facts.language) {
    return "is about another language";
  }
  if (rule.host.has_value() && !rule.host->Matches(facts.host)) {
    return "is about another host";
  }
  if (rule.path != nullptr && !PathMatches(*rule.path, facts.path)) {
    return "its path does not match";
  }
  if (rule.command != nullptr && !CommandMatches(rule, facts)) {
    return WhyCommandDoesNotMatch(rule, facts);
  }
  return "";
}

}  // namespace airlock::policy
