#include "services/cli/run/approval_notes.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/text_escape/escape.h"
#include "services/cli/render/approval_text.h"
#include "services/cli/render/execution_text.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;

std::string AskedText(const Approval& approval, absl::Time now) {
  return absl::StrCat(
      "waiting for approval ", EscapeText(approval.id()), " by ",
      ApproversText(approval), " until ", TimeText(approval.deadline()),
      ", in ", TimeLeftText(approval, now),
      approval.approve_on_timeout() ? "; unanswered it runs then" : "",
      ": airlock approvals approve ", EscapeText(approval.id()));
}

// "2 of 3 persons agreed", so far, the answer with this index included.
std::string CountText(const Approval& approval, int index) {
  int agreed = 0;
  for (int i = 0; i <= index; ++i) {
    if (approval.answers(i).answer() ==
        airlock::v1::ApprovalAnswer::ANSWER_APPROVE) {
      ++agreed;
    }
  }
  return absl::StrCat(agreed, " of ", approval.required_approvals(),
                      " persons agreed");
}

}  // namespace

std::vector<std::string> ApprovalNotes::Take(const Approval& approval,
                                             absl::Time now) {
  std::vector<std::string> notes;
  if (approval.id() != id_) {
    id_ = approval.id();
    told_answers_ = 0;
    told_end_ = false;
    notes.push_back(AskedText(approval, now));
  }
  for (; told_answers_ < approval.answers_size(); ++told_answers_) {
    std::string note = AnswerText(approval.answers(told_answers_));
    if (approval.required_approvals() > 1) {
      absl::StrAppend(&note, "; ", CountText(approval, told_answers_));
    }
    notes.push_back(std::move(note));
  }
  // How an answer ended it was just said.
  const bool ended_unanswered = approval.state() == Approval::STATE_EXPIRED ||
                                approval.state() == Approval::STATE_CANCELLED ||
                                !approval.state_reason().empty();
  if (approval.state() != Approval::STATE_PENDING && ended_unanswered &&
      !told_end_) {
    told_end_ = true;
    notes.push_back(
        absl::StrCat("the approval is ", ApprovalStandingText(approval)));
  }
  return notes;
}

}  // namespace airlock::cli
