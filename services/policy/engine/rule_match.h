// Whether a rule is about an action, and which rule is the first that is.
#pragma once

#include <optional>
#include <string>

#include "common/config/approval_settings.h"
#include "common/config/rule.h"
#include "services/policy/engine/action_facts.h"

namespace airlock::policy {

// "" if every condition of `rule` holds; else the first that does not, as a
// sentence. For facts with a kind that can be judged. Pure and thread-safe.
std::string WhyRuleDoesNotMatch(const Rule& rule, const ActionFacts& facts);

// Whether every condition of `rule` holds: the same without the sentence.
bool RuleMatches(const Rule& rule, const ActionFacts& facts);

// The first rule that matches, by the index of the rules where there is one;
// nullptr: none does. It lives as long as `approval`.
const Rule* FirstMatch(const ApprovalSettings& approval,
                       const ActionFacts& facts);

}  // namespace airlock::policy
