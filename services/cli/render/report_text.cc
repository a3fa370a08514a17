#include "services/cli/render/report_text.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/table.h"

namespace airlock::cli {
namespace {

using airlock::v1::ApprovalReportRow;
using airlock::v1::Decision;
using airlock::v1::ReplayChange;

constexpr char kNotAll[] =
    "not all that is kept of this time was looked at; ask for less of it\n";

// "require approval by autonomy.level".
std::string DecisionText(const Decision& decision) {
  const std::string& name = Decision::Effect_Name(decision.effect());
  const std::string effect = absl::StrReplaceAll(
      absl::AsciiStrToLower(absl::StripPrefix(name, "EFFECT_")), {{"_", " "}});
  return absl::StrCat(effect, " by ", EscapeText(decision.rule()));
}

std::string CountText(std::uint32_t count) {
  return count == 0 ? "-" : absl::StrCat(count);
}

}  // namespace

std::string ApprovalReportText(
    const airlock::v1::GetApprovalReportResponse& report) {
  Table table({"AGENT", "ACTION", "DECIDED BY", "REQUESTS", "ALLOWED", "DENIED",
               "ASKED", "APPROVED", "REJECTED", "EXPIRED", "REPEATED",
               "STANDING", "FULL WOULD RUN"});
  for (const ApprovalReportRow& row : report.rows()) {
    table.AddRow({EscapeText(row.agent()), KindWord(row.action_kind()),
                  EscapeText(row.rule()), CountText(row.requests()),
                  CountText(row.allowed()), CountText(row.denied()),
                  CountText(row.asked()), CountText(row.approved()),
                  CountText(row.rejected()), CountText(row.expired()),
                  CountText(row.repeated()), CountText(row.standing()),
                  CountText(row.full_would_run())});
  }
  return absl::StrCat(table.ToText(), report.complete() ? "" : kNotAll);
}

std::string ReplayText(const airlock::v1::ReplayResult& result) {
  std::string text = absl::StrCat(result.changed(), " of ", result.requests(),
                                  " requests would be decided otherwise\n");
  if (result.unreadable() > 0) {
    absl::StrAppend(&text, result.unreadable(),
                    " more could not be decided again: what was asked for is "
                    "not kept\n");
  }
  if (!result.complete()) absl::StrAppend(&text, kNotAll);
  if (result.changes().empty()) return text;
  Table table({"REQUESTS", "WAS", "WOULD BE", "EXAMPLE", "AGENT", "ACTION"});
  for (const ReplayChange& change : result.changes()) {
    const airlock::v1::Execution example = change.examples().empty()
                                               ? airlock::v1::Execution()
                                               : change.examples(0);
    table.AddRow({absl::StrCat(change.requests()),
                  DecisionText(change.before()), DecisionText(change.after()),
                  EscapeText(example.id()), EscapeText(example.agent()),
                  KindWord(example.action_kind())});
  }
  return absl::StrCat(text, "\n", table.ToText());
}

}  // namespace airlock::cli
