// Whether a rule is about an action.
#pragma once

#include <string>

#include "common/config/rule.h"
#include "services/policy/engine/action_facts.h"

namespace airlock::policy {

// "" if every condition of `rule` holds; else the first that does not, as a
// sentence. For facts with a kind that can be judged. Pure and thread-safe.
std::string WhyRuleDoesNotMatch(const Rule& rule, const ActionFacts& facts);

}  // namespace airlock::policy
