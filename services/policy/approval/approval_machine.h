// One human question from asking to its end: pure functions over its record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/action.pb.h"
#include "airlock/v1/approval.pb.h"
#include "common/config/approval_settings.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Stable words for `state_reason`. Whoever voids or cancels gives its own.
inline constexpr absl::string_view kReasonDefaultAction = "DEFAULT_ACTION";
// Nobody decided, and the configuration would have agreed, but it is not sure
// that anybody was asked.
inline constexpr absl::string_view kReasonDefaultWithheld = "DEFAULT_WITHHELD";
inline constexpr absl::string_view kReasonNoAnswer = "NO_ANSWER";

// Stable words for errors.
inline constexpr absl::string_view kReasonApprovalEnded = "APPROVAL_ENDED";
inline constexpr absl::string_view kReasonAnsweredOtherwise =
    "ANSWERED_OTHERWISE";
inline constexpr absl::string_view kReasonDigestMismatch = "DIGEST_MISMATCH";
inline constexpr absl::string_view kReasonNotAnApprover = "NOT_AN_APPROVER";
inline constexpr absl::string_view kReasonSelfApproval = "SELF_APPROVAL";

// The longest comment of an answer.
inline constexpr std::size_t kMaxCommentBytes = 2000;

// What is to be asked.
struct NewQuestion {
  std::string execution_id;
  // Who wants it to run.
  std::string agent;
  // The id of its session; empty: a sandbox of its own.
  std::string session;
  // Of exactly what would run, hexadecimal.
  std::string digest_hex;
  // As in ApprovalRecord.
  std::string action_hash;
  // The setting that asks, and why.
  std::string rule;
  std::string explanation;
  // One line, printable.
  std::string summary;
  airlock::v1::ActionKind kind = airlock::v1::ACTION_KIND_UNSPECIFIED;
  // How often the same was asked before.
  std::uint32_t asked_before = 0;
};

// The question's first record: PENDING, revision 1, with a new id. What the
// settings say of channel, approvers, deadline and default action is frozen in
// it. `required` of 0 is read as 1.
ApprovalRecord AskApproval(const NewQuestion& question,
                           const ApprovalSettings& settings,
                           std::uint32_t required, absl::Time now);

// One person's answer, from somebody who is who they say.
struct AnswerInput {
  // "web:<principal>" or "telegram:<id>".
  std::string approver;
  // For the agent; UTF-8, at most kMaxCommentBytes.
  std::string comment;
  // What was shown. Needed to approve; when it is there it must be right.
  std::string digest_hex;
  airlock::v1::ApprovalAnswer::Answer answer =
      airlock::v1::ApprovalAnswer::ANSWER_UNSPECIFIED;
};

// What an answer makes of an approval.
struct AnswerResult {
  // To be put; its revision is the next one if `changed`.
  ApprovalRecord record;
  // false: the same person has given this answer before, and nothing came of it
  // now.
  bool changed = false;
};

// Counts an answer. One rejection rejects; `required_approvals` distinct
// persons who all may answer under the settings now in force approve: an
// earlier answer of somebody who has lost that right meanwhile does not count.
// Two ids of one person are one; what either said, the other has said. The same
// answer again changes nothing, unless the settings count enough of the answers
// now that they did not count before.
//
// PERMISSION_DENIED, reason SELF_APPROVAL: the approver is the asking agent, or
// a person who is; NOT_AN_APPROVER: the settings do not name them.
// FAILED_PRECONDITION, reason APPROVAL_ENDED, with "state" and, where somebody
// decided, "decided_by" and "person" in the metadata: it is not pending, or its
// deadline has passed; ANSWERED_OTHERWISE: this person gave the other answer;
// DIGEST_MISMATCH: another action was shown, or none. INVALID_ARGUMENT, reason
// INVALID_FIELD: no answer, or a comment that is too long or no UTF-8.
absl::StatusOr<AnswerResult> AnswerApproval(
    const ApprovalRecord& record, const AnswerInput& input,
    const ApprovalSettings& now_in_force, absl::Time now);

// The three below end a pending approval, with the next revision. One that has
// ended comes back as it is.

// Its deadline has passed: EXPIRED with kReasonNoAnswer. If its default action
// is to approve: APPROVED with kReasonDefaultAction where `may_default` (a
// channel confirmed delivery and the service was up all the time), else EXPIRED
// with kReasonDefaultWithheld.
ApprovalRecord ExpireApproval(const ApprovalRecord& record, bool may_default,
                              absl::Time now);

// What it was about has changed: EXPIRED with `reason`, such as
// SESSION_CHANGED, POLICY_CHANGED or STORE_RESTORED.
ApprovalRecord VoidApproval(const ApprovalRecord& record,
                            absl::string_view reason, absl::Time now);

// The question was withdrawn: CANCELLED with `reason`.
ApprovalRecord CancelApproval(const ApprovalRecord& record,
                              absl::string_view reason, absl::Time now);

}  // namespace airlock::policy
