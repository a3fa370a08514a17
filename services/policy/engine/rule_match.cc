#include "services/policy/engine/rule_match.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/policy/engine/action_paths.h"

namespace airlock::policy {
namespace {

std::string AbsolutePath(const std::string& path) {
  return path == "." ? std::string(kWorkspaceRoot)
                     : absl::StrCat(kWorkspaceRoot, "/", path);
}

// A path may be written both ways, and so may a pattern for it.
bool PathMatches(const re2::RE2& pattern, const std::string& path) {
  return re2::RE2::FullMatch(path, pattern) ||
         re2::RE2::FullMatch(AbsolutePath(path), pattern);
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

// The first condition that does not hold, in the order they are told.
enum class Mismatch { kNone, kKind, kAgent, kLanguage, kHost, kPath, kCommand };

Mismatch FirstMismatch(const Rule& rule, const ActionFacts& facts) {
  if (facts.word != rule.action) return Mismatch::kKind;
  if (rule.agent.has_value() && *rule.agent != facts.agent) {
    return Mismatch::kAgent;
  }
  if (rule.language.has_value() && *rule.language != facts.language) {
    return Mismatch::kLanguage;
  }
  if (rule.host.has_value() && !rule.host->Matches(facts.host)) {
    return Mismatch::kHost;
  }
  if (rule.path != nullptr && !PathMatches(*rule.path, facts.path)) {
    return Mismatch::kPath;
  }
  if (rule.command != nullptr && !CommandMatches(rule, facts)) {
    return Mismatch::kCommand;
  }
  return Mismatch::kNone;
}

}  // namespace

std::string WhyRuleDoesNotMatch(const Rule& rule, const ActionFacts& facts) {
  switch (FirstMismatch(rule, facts)) {
    case Mismatch::kNone:
      return "";
    case Mismatch::kKind:
      return absl::StrCat("is about \"", ActionWordText(rule.action), "\"");
    case Mismatch::kAgent:
      return "is about another agent";
    case Mismatch::kLanguage:
      return "is about another language";
    case Mismatch::kHost:
      return "is about another host";
    case Mismatch::kPath:
      return "its path does not match";
    case Mismatch::kCommand:
      break;
  }
  return WhyCommandDoesNotMatch(rule, facts);
}

bool RuleMatches(const Rule& rule, const ActionFacts& facts) {
  return FirstMismatch(rule, facts) == Mismatch::kNone;
}

const Rule* FirstMatch(const ApprovalSettings& approval,
                       const ActionFacts& facts) {
  const std::vector<Rule>& rules = approval.rules;
  if (approval.rule_index == nullptr) {
    const auto found = std::find_if(
        rules.begin(), rules.end(),
        [&facts](const Rule& rule) { return RuleMatches(rule, facts); });
    return found == rules.end() ? nullptr : &*found;
  }
  const std::array<std::string, 2> paths = {facts.path,
                                            AbsolutePath(facts.path)};
  RuleQuery query;
  query.word = *facts.word;
  query.agent = facts.agent;
  query.host = facts.host;
  query.language = facts.language;
  query.paths = paths;
  if (facts.exact_command.has_value()) {
    query.exact_command = &*facts.exact_command;
  }
  query.command_texts = facts.command_texts;
  const std::optional<std::size_t> first =
      approval.rule_index->First(query, [&](std::size_t position) {
        return RuleMatches(rules[position], facts);
      });
  return first.has_value() ? &rules[*first] : nullptr;
}

}  // namespace airlock::policy
