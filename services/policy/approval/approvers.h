// Who may answer, and who is the same human.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/approval.pb.h"
#include "common/config/approval_settings.h"

namespace airlock::policy {

// Whether `approver` may answer what `agent` asks, under these settings; the
// errors of AnswerApproval() if not.
absl::Status CheckApprover(absl::string_view approver, absl::string_view agent,
                           const ApprovalSettings& settings);

// The name of the person who has the id; empty: none has it.
std::string PersonName(absl::string_view approver,
                       const ApprovalSettings& settings);

// The first answer of the same human as `approver`: of the same id, or of one
// that belongs to the same person now or did when it was given. nullptr: there
// is none.
const airlock::v1::ApprovalAnswer* FindAnswerOf(
    absl::string_view approver, const airlock::v1::Approval& approval,
    const ApprovalSettings& settings);

// How many humans have agreed who may answer under these settings.
std::size_t CountApprovals(const airlock::v1::Approval& approval,
                           const ApprovalSettings& settings);

}  // namespace airlock::policy
