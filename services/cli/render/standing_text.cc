#include "services/cli/render/standing_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

using airlock::v1::StandingApproval;

// "used up", "revoked by web:ann".
std::string StandingText(const StandingApproval& permission) {
  if (permission.state() == StandingApproval::STATE_USED_UP) return "used up";
  std::string word = absl::AsciiStrToLower(absl::StripPrefix(
      StandingApproval::State_Name(permission.state()), "STATE_"));
  if (!permission.revoked_by().empty()) {
    absl::StrAppend(&word, " by ", EscapeText(permission.revoked_by()));
  }
  return word;
}

std::string GiverText(const StandingApproval& permission) {
  return EscapeText(permission.person().empty() ? permission.approver()
                                                : permission.person());
}

std::string UsesText(const StandingApproval& permission) {
  return absl::StrCat(permission.uses(), " of ", permission.max_uses());
}

}  // namespace

std::string StandingApprovalsText(
    const google::protobuf::RepeatedPtrField<StandingApproval>& permissions) {
  if (permissions.empty()) return "nothing starts without a question\n";
  Table table({"ID", "STATE", "USED", "UNTIL", "BY", "WHAT"});
  for (const StandingApproval& permission : permissions) {
    table.AddRow({EscapeText(permission.id()), StandingText(permission),
                  UsesText(permission), TimeText(permission.expire_time()),
                  GiverText(permission), EscapeRendered(permission.summary())});
  }
  return table.ToText();
}

std::string StandingApprovalLine(const StandingApproval& permission) {
  return absl::StrCat(EscapeText(permission.id()), ": ",
                      StandingText(permission), ", used ", UsesText(permission),
                      " times");
}

std::string SuggestionsText(
    const google::protobuf::RepeatedPtrField<airlock::v1::StandingSuggestion>&
        suggestions) {
  std::string text;
  int number = 0;
  for (const airlock::v1::StandingSuggestion& suggestion : suggestions) {
    absl::StrAppend(&text, ++number, ": ", EscapeRendered(suggestion.summary()),
                    " (covers ", suggestion.covered_questions(),
                    " of the last questions)\n");
  }
  return text;
}

}  // namespace airlock::cli
