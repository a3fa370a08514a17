#include "services/cli/commands/decide_approval.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"
#include "services/cli/commands/follow.h"
#include "services/cli/commands/shared_options.h"
#include "services/cli/render/approval_text.h"
#include "services/cli/render/standing_text.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

bool IsApproval(const DecideOptions& options) {
  return options.answer == ApprovalAnswer::ANSWER_APPROVE;
}

// Whether `approval` may be answered like this at all.
absl::Status CheckAnswerable(const Approval& approval,
                             const DecideOptions& options) {
  if (approval.state() != Approval::STATE_PENDING) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "APPROVAL_ENDED",
                     absl::StrCat("there is nothing left to answer: it is ",
                                  ApprovalStandingText(approval)));
  }
  if (!IsApproval(options) || options.incomplete ||
      IsComplete(approval.view())) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "VIEW_INCOMPLETE",
                   "not approved: not all that would run is shown; who knows "
                   "the rest approves it with --incomplete");
}

// One question on the terminal. Everything but a plain yes is a no.
bool Ask(const DecideOptions& options) {
  if (options.permit.wanted()) std::cout << "With that permission: ";
  std::cout << (IsApproval(options) ? "Approve? [y/N] " : "Reject? [y/N] ")
            << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  absl::StripAsciiWhitespace(&answer);
  absl::AsciiStrToLower(&answer);
  return answer == "y" || answer == "yes";
}

bool CanAsk() {
  return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

void Show(const CommandLine& line, const Permit& permit) {
  if (line.output != OutputFormat::kTable) return;
  std::cout << "what is like it:\n"
            << permit.suggestions << "would start unasked: " << permit.summary
            << std::endl;
}

int Tell(const CommandLine& line, const Approval& approval) {
  if (line.output == OutputFormat::kJson) return PrintJson(line, approval);
  std::cout << EscapeText(approval.id()) << ": "
            << ApprovalStandingText(approval) << std::endl;
  return kExitOk;
}

// What was agreed to: first what it permits, and then the answer.
int Send(const CommandLine& line, AirlockClient& client,
         const Approval& approval, const DecideOptions& options,
         std::optional<Permit> permit) {
  if (permit.has_value()) {
    permit->request.set_comment(options.comment);
    const auto given = client.CreateStandingApproval(permit->request);
    if (!given.ok()) return Fail(line, given.status());
    PrintNote(StandingApprovalLine(given->standing_approval()));
  }
  airlock::v1::DecideApprovalRequest decide;
  decide.set_id(approval.id());
  decide.set_answer(options.answer);
  decide.set_comment(options.comment);
  // What is approved is what was shown above.
  decide.set_digest(approval.digest());
  const auto decided = client.DecideApproval(decide);
  if (!decided.ok()) return Fail(line, decided.status());
  return Tell(line, decided->approval());
}

}  // namespace

int DecideApproval(const CommandLine& line, const ConnectionFlags& connection,
                   const DecideOptions& options) {
  const bool asks = !options.yes;
  if (asks && (!CanAsk() || line.output == OutputFormat::kJson)) {
    PrintNote("nobody can be asked here: --yes answers without a question");
    return kExitUsage;
  }
  const auto client = ConnectAs(connection);
  if (!client.ok()) return Fail(line, client.status());
  airlock::v1::GetApprovalRequest get;
  get.set_id(options.id);
  const auto shown = (*client)->GetApproval(get);
  if (!shown.ok()) return Fail(line, shown.status());
  const Approval& approval = shown->approval();
  if (line.output == OutputFormat::kTable) {
    std::cout << ApprovalText(approval, absl::Now()) << std::endl;
  }
  absl::Status answerable = CheckAnswerable(approval, options);
  if (!answerable.ok()) return Fail(line, answerable);
  std::optional<Permit> permit;
  if (options.permit.wanted()) {
    auto chosen = ChoosePermit(**client, approval, options.permit, options.yes);
    if (!chosen.ok()) return Fail(line, chosen.status());
    permit = *std::move(chosen);
    Show(line, *permit);
  }
  if (asks && !Ask(options)) {
    PrintNote("not answered");
    return kExitFailure;
  }
  return Send(line, **client, approval, options, std::move(permit));
}

}  // namespace airlock::cli
