#include "services/cli/render/approval_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"
#include "common/time/proto_time.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/render/fact_list.h"

namespace airlock::cli {
namespace {

using airlock::v1::ActionView;
using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::ViewField;

// More would not be read.
constexpr int kShownApprovers = 5;
constexpr absl::string_view kIndent = "    ";

// Nothing in a view looks like this line: what it holds is indented or follows
// a name.
constexpr absl::string_view kIncomplete =
    "!!! NOT COMPLETE: more would run than is shown here !!!\n";

std::string CutText(const ViewField& field) {
  return absl::StrCat("!!! CUT: ", field.cut_bytes(),
                      " more bytes are not shown !!!");
}

std::string FieldText(const ViewField& field) {
  std::string name = EscapeRendered(field.name());
  if (!field.language().empty()) {
    absl::StrAppend(&name, " (", EscapeRendered(field.language()), ")");
  }
  std::string text = absl::StrCat(name, ":");
  if (!field.block() && !absl::StrContains(field.text(), '\n')) {
    absl::StrAppend(&text, " ", EscapeRendered(field.text()), "\n");
  } else {
    absl::StrAppend(&text, "\n");
    for (const absl::string_view line :
         absl::StrSplit(absl::StripSuffix(field.text(), "\n"), '\n')) {
      absl::StrAppend(&text, kIndent, EscapeRendered(line), "\n");
    }
  }
  if (field.cut_bytes() > 0) {
    absl::StrAppend(&text, CutText(field), "\n");
  }
  return text;
}

int CountAgreed(const Approval& approval) {
  return static_cast<int>(
      std::count_if(approval.answers().begin(), approval.answers().end(),
                    [](const ApprovalAnswer& answer) {
                      return answer.answer() == ApprovalAnswer::ANSWER_APPROVE;
                    }));
}

std::string WhoText(const ApprovalAnswer& answer) {
  if (answer.person().empty()) return EscapeText(answer.approver());
  return absl::StrCat(EscapeText(answer.person()), " (",
                      EscapeText(answer.approver()), ")");
}

// Who gave the answers that led to the state: all who agreed, or who refused.
std::string DecidersText(const Approval& approval) {
  const auto wanted = approval.state() == Approval::STATE_REJECTED
                          ? ApprovalAnswer::ANSWER_REJECT
                          : ApprovalAnswer::ANSWER_APPROVE;
  std::vector<std::string> deciders;
  for (const ApprovalAnswer& answer : approval.answers()) {
    if (answer.answer() == wanted) deciders.push_back(WhoText(answer));
  }
  return absl::StrJoin(deciders, ", ");
}

std::string AnswersText(const Approval& approval) {
  if (approval.required_approvals() <= 1) return "";
  return absl::StrCat(CountAgreed(approval), " of ",
                      approval.required_approvals(), " persons agreed");
}

absl::Duration Rounded(absl::Duration duration) {
  return absl::Trunc(duration, absl::Seconds(1));
}

std::string UntilText(const Approval& approval, absl::Time now) {
  if (approval.state() != Approval::STATE_PENDING) {
    return TimeText(approval.deadline());
  }
  return absl::StrCat(
      TimeText(approval.deadline()), ", in ", TimeLeftText(approval, now),
      approval.approve_on_timeout() ? "; then it RUNS unanswered" : "");
}

}  // namespace

std::string ApprovalStateWord(Approval::State state) {
  return absl::AsciiStrToLower(
      absl::StripPrefix(Approval::State_Name(state), "STATE_"));
}

std::string ApprovalStandingText(const Approval& approval) {
  std::string text = ApprovalStateWord(approval.state());
  if (approval.state() == Approval::STATE_PENDING) {
    const std::string answers = AnswersText(approval);
    return answers.empty() ? text : absl::StrCat(text, ", ", answers);
  }
  if (approval.state() == Approval::STATE_APPROVED ||
      approval.state() == Approval::STATE_REJECTED) {
    const std::string deciders = DecidersText(approval);
    if (!deciders.empty()) absl::StrAppend(&text, " by ", deciders);
  }
  if (!approval.state_reason().empty()) {
    absl::StrAppend(&text, " (", EscapeText(approval.state_reason()), ")");
  }
  return text;
}

std::string AnswerText(const ApprovalAnswer& answer) {
  const bool agreed = answer.answer() == ApprovalAnswer::ANSWER_APPROVE;
  std::string text =
      absl::StrCat(agreed ? "approved" : "rejected", " by ", WhoText(answer));
  if (!answer.comment().empty()) {
    absl::StrAppend(&text, ": ", EscapeText(answer.comment()));
  }
  return text;
}

std::string ApproversText(const Approval& approval) {
  std::string who;
  if (approval.approvers().empty()) {
    who = "any approver";
  } else {
    std::vector<std::string> shown;
    const int count = std::min(kShownApprovers, approval.approvers_size());
    for (int i = 0; i < count; ++i) {
      shown.push_back(EscapeText(approval.approvers(i)));
    }
    who = absl::StrJoin(shown, ", ");
    if (approval.approvers_size() > count) {
      absl::StrAppend(&who, " and ", approval.approvers_size() - count,
                      " more");
    }
  }
  if (approval.required_approvals() <= 1) return who;
  return absl::StrCat(approval.required_approvals(), " persons of: ", who);
}

std::string TimeLeftText(const Approval& approval, absl::Time now) {
  const absl::Duration left = FromProto(approval.deadline()) - now;
  if (approval.state() != Approval::STATE_PENDING ||
      left <= absl::ZeroDuration()) {
    return "-";
  }
  return absl::FormatDuration(Rounded(left));
}

std::string AgeText(const Approval& approval, absl::Time now) {
  const absl::Duration age = now - FromProto(approval.create_time());
  return absl::FormatDuration(Rounded(std::max(age, absl::ZeroDuration())));
}

std::string SummaryText(const Approval& approval) {
  return EscapeRendered(approval.summary());
}

std::string ApprovalLine(const Approval& approval, absl::Time now) {
  std::string line = absl::StrCat(
      EscapeText(approval.id()), "  ", EscapeText(approval.agent()), "  ",
      KindWord(approval.action_kind()), "  ", ApprovalStandingText(approval));
  if (approval.state() == Approval::STATE_PENDING) {
    absl::StrAppend(&line, "  asked ", AgeText(approval, now), " ago, ",
                    TimeLeftText(approval, now), " left");
  }
  return absl::StrCat(line, "  ", SummaryText(approval));
}

bool IsComplete(const ActionView& view) {
  return view.complete() && !view.fields().empty() &&
         std::all_of(
             view.fields().begin(), view.fields().end(),
             [](const ViewField& field) { return field.cut_bytes() == 0; });
}

std::string ViewText(const ActionView& view) {
  std::string text;
  for (const ViewField& field : view.fields()) {
    absl::StrAppend(&text, FieldText(field));
  }
  if (!IsComplete(view)) absl::StrAppend(&text, kIncomplete);
  return text;
}

std::string ApprovalText(const Approval& approval, absl::Time now) {
  FactList facts;
  facts.Add("approval", EscapeText(approval.id()));
  facts.Add("state", ApprovalStandingText(approval));
  facts.Add("agent", EscapeText(approval.agent()));
  facts.Add("action", KindWord(approval.action_kind()));
  facts.Add("session", EscapeText(approval.session()));
  facts.Add("execution", EscapeText(approval.execution_id()));
  facts.Add("asked by", EscapeText(approval.rule()));
  facts.Add("because", EscapeText(approval.explanation()));
  facts.Add("asked of", ApproversText(approval));
  facts.Add("channel", EscapeText(approval.channel()));
  facts.Add("asked at", TimeText(approval.create_time()));
  facts.Add("until", UntilText(approval, now));
  if (approval.has_end_time()) {
    facts.Add("decided at", TimeText(approval.end_time()));
  }
  for (const ApprovalAnswer& answer : approval.answers()) {
    facts.Add("answer", absl::StrCat(AnswerText(answer), " (",
                                     TimeText(answer.time()), ")"));
  }
  facts.Add("digest", EscapeText(approval.digest()));
  return absl::StrCat(facts.text(), "\n", ViewText(approval.view()));
}

}  // namespace airlock::cli
