// What a permission could cover that starts from one question.
#pragma once

#include <cstddef>
#include <vector>

#include "airlock/v1/standing_approval.pb.h"
#include "services/policy/standing/standing_scope.h"

namespace airlock::policy {

// Suggested for one question at most.
inline constexpr std::size_t kMaxSuggestions = 6;

// Proposes scopes that cover `subject`, the narrowest first: exactly this
// action; the narrowest pattern, where a pattern can cover it; then each wider
// one, up to the one that covers most of `last`, that covers more of them than
// the one before it. Patterns stay within the subject's session, where it has
// one, before they leave it.
//
// `last` are the last questions of the subject's agent, in any order; the
// subject itself counts once, whether it is among them or not. Pure.
std::vector<airlock::v1::StandingSuggestion> SuggestScopes(
    const StandingSubject& subject, const std::vector<StandingSubject>& last);

}  // namespace airlock::policy
