// Which rules can never match, because an earlier one takes everything.
#include "absl/strings/str_cat.h"
#include "common/config/rule.h"

namespace airlock {
namespace {

// Whether a condition of the earlier rule holds wherever the later one's does.
template <typename T>
bool Covers(const std::optional<T>& earlier, const std::optional<T>& later) {
  return !earlier.has_value() || earlier == later;
}

bool HostCovers(const Rule& earlier, const Rule& later) {
  if (!earlier.host.has_value()) return true;
  return later.host.has_value() && earlier.host->Covers(*later.host);
}

bool PathCovers(const Rule& earlier, const Rule& later) {
  return earlier.path == nullptr ||
         (later.path != nullptr && earlier.path_text == later.path_text);
}

// The same text matches less in a rule that allows than in one that tightens.
bool CommandCovers(const Rule& earlier, const Rule& later) {
  if (earlier.command == nullptr) return true;
  if (later.command == nullptr || earlier.command_text != later.command_text) {
    return false;
  }
  return earlier.effect != RuleEffect::kAuto ||
         later.effect == RuleEffect::kAuto;
}

bool RuleCovers(const Rule& earlier, const Rule& later) {
  return earlier.action == later.action && Covers(earlier.agent, later.agent) &&
         Covers(earlier.language, later.language) &&
         HostCovers(earlier, later) && PathCovers(earlier, later) &&
         CommandCovers(earlier, later);
}

}  // namespace

void WarnOfShadowedRules(const std::vector<Rule>& rules,
                         ProblemList& problems) {
  for (std::size_t later = 1; later < rules.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (!RuleCovers(rules[earlier], rules[later])) continue;
      problems.AddWarning(
          rules[later].key_path,
          absl::StrCat("can never match: ", rules[earlier].key_path,
                       " comes first and matches all it would"));
      break;
    }
  }
}

}  // namespace airlock
