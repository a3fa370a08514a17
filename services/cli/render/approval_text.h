// Approvals for people: what is asked, of whom, and what was answered.
//
// Everything that comes from elsewhere is escaped here, also what the service
// has escaped already: no text reaches a terminal on somebody's word.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::cli {

// "pending": the state in lower case.
std::string ApprovalStateWord(airlock::v1::Approval::State state);

// "pending", "pending, 1 of 2", "rejected by Ann (web:ann)", "expired
// (SESSION_CHANGED)": where it stands and who brought it there.
std::string ApprovalStandingText(const airlock::v1::Approval& approval);

// "approved by Ann (web:ann)", with ": <comment>" if there is one.
std::string AnswerText(const airlock::v1::ApprovalAnswer& answer);

// "any approver", "telegram:1, web:ann and 3 more": who may answer.
std::string ApproversText(const airlock::v1::Approval& approval);

// "4m57s": how long it may still be answered; "-" when that is over.
std::string TimeLeftText(const airlock::v1::Approval& approval, absl::Time now);

// "3s": since when it is asked.
std::string AgeText(const airlock::v1::Approval& approval, absl::Time now);

// What would run, in one line.
std::string SummaryText(const airlock::v1::Approval& approval);

// One line that says everything but the action itself.
std::string ApprovalLine(const airlock::v1::Approval& approval, absl::Time now);

// Whether the view shows everything that will run: it says so, it has
// something, and nothing in it is cut.
bool IsComplete(const airlock::v1::ActionView& view);

// The action, in several lines: "name: text", and blocks of several lines
// indented under their name. What is missing is said loudly, at its place and
// at the end.
std::string ViewText(const airlock::v1::ActionView& view);

// All that is known of an approval, the action last.
std::string ApprovalText(const airlock::v1::Approval& approval, absl::Time now);

}  // namespace airlock::cli
