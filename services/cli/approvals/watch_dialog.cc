#include "services/cli/approvals/watch_dialog.h"

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/text_escape/escape.h"
#include "services/cli/render/approval_text.h"
#include "services/cli/render/error_text.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::DecideApprovalRequest;

// A screen of them. Those that were asked first come first.
constexpr std::size_t kMaxListed = 40;

constexpr absl::string_view kHelp =
    "A number shows that approval whole and asks; Enter lists what is pending; "
    "q leaves.\n";

}  // namespace

void WatchDialog::OnApproval(const Approval& approval) {
  const auto known = numbers_.find(approval.id());
  const bool is_pending = approval.state() == Approval::STATE_PENDING;
  const bool is_shown =
      awaits_ != Awaits::kNumber && shown_.id() == approval.id();
  if (known == numbers_.end() && !is_pending) return;
  const int number = known == numbers_.end() ? ++last_number_ : known->second;
  if (is_pending) {
    numbers_[approval.id()] = number;
    pending_[number] = approval;
  } else {
    numbers_.erase(known);
    pending_.erase(number);
  }
  if (!caught_up_) return;
  calls_.print(absl::StrCat("\n", Line(number, approval), "\n"));
  if (is_shown && !is_pending) {
    calls_.print(
        "It was decided meanwhile; there is nothing left to answer.\n");
    awaits_ = Awaits::kNumber;
  }
  Prompt();
}

void WatchDialog::OnCaughtUp() {
  caught_up_ = true;
  calls_.print(kHelp);
  List();
  Prompt();
}

void WatchDialog::OnNote(absl::string_view text) {
  calls_.print(absl::StrCat("\nairlock: ", text, "\n"));
  if (caught_up_) Prompt();
}

bool WatchDialog::OnLine(absl::string_view line) {
  const std::string word =
      absl::AsciiStrToLower(absl::StripAsciiWhitespace(line));
  switch (awaits_) {
    case Awaits::kNumber:
      if (word == "q" || word == "quit") return false;
      HandleNumber(word);
      break;
    case Awaits::kAnswer:
      HandleAnswer(word);
      break;
    case Awaits::kComment:
      Decide(ApprovalAnswer::ANSWER_REJECT, absl::StripAsciiWhitespace(line));
      break;
  }
  Prompt();
  return true;
}

void WatchDialog::HandleNumber(absl::string_view word) {
  int number = 0;
  if (word.empty()) {
    List();
  } else if (!absl::SimpleAtoi(word, &number)) {
    calls_.print(kHelp);
  } else if (pending_.find(number) == pending_.end()) {
    calls_.print(absl::StrCat(number, " is not pending.\n"));
  } else {
    Show(number);
  }
}

void WatchDialog::Show(int number) {
  const absl::StatusOr<Approval> approval =
      calls_.get(pending_.at(number).id());
  if (!approval.ok()) {
    calls_.print(ErrorText(approval.status()));
    return;
  }
  shown_ = *approval;
  calls_.print(absl::StrCat("\n", ApprovalText(shown_, calls_.now()), "\n"));
  if (shown_.state() != Approval::STATE_PENDING) {
    calls_.print("It is decided already.\n");
    return;
  }
  awaits_ = Awaits::kAnswer;
}

void WatchDialog::HandleAnswer(absl::string_view word) {
  if (word == "s" || word == "skip") {
    BackToList();
  } else if (word == "r" || word == "reject") {
    awaits_ = Awaits::kComment;
  } else if (word != "a" && word != "approve") {
    calls_.print("Type a, r or s.\n");
  } else if (!IsComplete(shown_.view())) {
    calls_.print(absl::StrCat(
        "Not approved: not all of it is shown here. Who knows the rest can use "
        "airlock approvals approve ",
        EscapeText(shown_.id()), " --incomplete\n"));
  } else {
    Decide(ApprovalAnswer::ANSWER_APPROVE, "");
  }
}

void WatchDialog::Decide(ApprovalAnswer::Answer answer,
                         absl::string_view comment) {
  DecideApprovalRequest request;
  request.set_id(shown_.id());
  request.set_answer(answer);
  request.set_comment(std::string(comment));
  request.set_digest(shown_.digest());
  const absl::StatusOr<Approval> decided = calls_.decide(request);
  BackToList();
  if (!decided.ok()) {
    calls_.print(ErrorText(decided.status()));
    return;
  }
  calls_.print(
      absl::StrCat("Answered. It is ", ApprovalStandingText(*decided), ".\n"));
}

void WatchDialog::BackToList() {
  awaits_ = Awaits::kNumber;
  shown_.Clear();
}

void WatchDialog::List() {
  if (pending_.empty()) calls_.print("Nothing is pending.\n");
  std::size_t listed = 0;
  for (const auto& [number, approval] : pending_) {
    if (listed++ == kMaxListed) {
      calls_.print(absl::StrCat("and ", pending_.size() - kMaxListed,
                                " more; a number shows one of them too\n"));
      return;
    }
    calls_.print(absl::StrCat(Line(number, approval), "\n"));
  }
}

std::string WatchDialog::Line(int number, const Approval& approval) const {
  return absl::StrCat("[", number, "] ", ApprovalLine(approval, calls_.now()));
}

void WatchDialog::Prompt() { calls_.print(PromptText()); }

std::string WatchDialog::PromptText() const {
  switch (awaits_) {
    case Awaits::kNumber:
      return "> ";
    case Awaits::kAnswer:
      return "[a]pprove, [r]eject, [s]kip? ";
    case Awaits::kComment:
      return "Why, for the agent (may be empty): ";
  }
  return "";
}

}  // namespace airlock::cli
