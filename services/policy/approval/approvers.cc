#include "services/policy/approval/approvers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/approval/approval_machine.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

bool HasId(const Person& person, absl::string_view id) {
  return std::find(person.ids.begin(), person.ids.end(), id) !=
         person.ids.end();
}

bool IsAgentItself(absl::string_view approver, absl::string_view agent,
                   const ApprovalSettings& settings) {
  const std::string on_page = absl::StrCat("web:", agent);
  if (approver == on_page) return true;
  const Person* person = FindPerson(settings.people, approver);
  return person != nullptr && (HasId(*person, on_page) ||
                               HasId(*person, absl::StrCat("agent:", agent)));
}

// Without a list, page and command line decide who comes through.
bool IsNamed(absl::string_view approver, const ApprovalSettings& settings) {
  if (!settings.approvers.has_value()) {
    return absl::StartsWith(approver, "web:");
  }
  return std::find(settings.approvers->begin(), settings.approvers->end(),
                   approver) != settings.approvers->end();
}

// `answer` was given by the human who has the id `approver`.
bool IsOf(const ApprovalAnswer& answer, absl::string_view approver,
          const ApprovalSettings& settings) {
  if (answer.approver() == approver) return true;
  const Person* person = FindPerson(settings.people, approver);
  return person != nullptr &&
         (HasId(*person, answer.approver()) || answer.person() == person->name);
}

// One human gave both answers. That both have the name of one person in them
// needs no look: the second of such two is never taken.
bool AreOfOne(const ApprovalAnswer& left, const ApprovalAnswer& right,
              const ApprovalSettings& settings) {
  return IsOf(left, right.approver(), settings) ||
         IsOf(right, left.approver(), settings);
}

}  // namespace

absl::Status CheckApprover(absl::string_view approver, absl::string_view agent,
                           const ApprovalSettings& settings) {
  if (IsAgentItself(approver, agent, settings)) {
    return MakeError(
        absl::StatusCode::kPermissionDenied, kReasonSelfApproval,
        absl::StrCat("nobody answers what they ask for themselves: \"",
                     approver, "\" is the agent \"", agent,
                     "\"; another approver must answer"),
        {{"approver", std::string(approver)}, {"agent", std::string(agent)}});
  }
  if (IsNamed(approver, settings)) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kPermissionDenied, kReasonNotAnApprover,
      absl::StrCat("\"", approver, "\" may not answer: ",
                   settings.approvers.has_value()
                       ? "approvalGating.approvers does not name it"
                       : "without approvalGating.approvers only principals "
                         "with the approver role do, on page and command line"),
      {{"approver", std::string(approver)}});
}

std::string PersonName(absl::string_view approver,
                       const ApprovalSettings& settings) {
  const Person* person = FindPerson(settings.people, approver);
  return person == nullptr ? "" : person->name;
}

const ApprovalAnswer* FindAnswerOf(absl::string_view approver,
                                   const Approval& approval,
                                   const ApprovalSettings& settings) {
  for (const ApprovalAnswer& answer : approval.answers()) {
    if (IsOf(answer, approver, settings)) return &answer;
  }
  return nullptr;
}

std::size_t CountApprovals(const Approval& approval,
                           const ApprovalSettings& settings) {
  // One for each human: answers that belong together, also by way of others.
  std::vector<std::vector<const ApprovalAnswer*>> humans;
  for (const ApprovalAnswer& answer : approval.answers()) {
    if (answer.answer() != ApprovalAnswer::ANSWER_APPROVE ||
        !CheckApprover(answer.approver(), approval.agent(), settings).ok()) {
      continue;
    }
    std::vector<const ApprovalAnswer*> human = {&answer};
    std::erase_if(humans, [&](const auto& other) {
      const bool same = std::any_of(other.begin(), other.end(),
                                    [&](const ApprovalAnswer* given) {
                                      return AreOfOne(*given, answer, settings);
                                    });
      if (same) human.insert(human.end(), other.begin(), other.end());
      return same;
    });
    humans.push_back(std::move(human));
  }
  return humans.size();
}

}  // namespace airlock::policy
