// What the tests of approvals ask and answer.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "services/policy/approval/approval_machine.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {

inline const absl::Time kAsked = absl::FromUnixSeconds(1'790'000'000);

inline NewQuestion QuestionOf(std::string agent) {
  NewQuestion question;
  question.execution_id = "01jexecution";
  question.agent = std::move(agent);
  question.session = "s-1";
  question.digest_hex = "abcd";
  question.action_hash = "hash";
  question.rule = "approvalGating.rules[1]";
  question.explanation = "a rule asks for it";
  question.summary = "code_exec python: print(1)";
  question.kind = airlock::v1::ACTION_KIND_CODE_EXEC;
  return question;
}

inline ApprovalRecord AskFor(const ApprovalSettings& settings,
                             std::uint32_t required = 1) {
  return AskApproval(QuestionOf("bot"), settings, required, kAsked);
}

inline AnswerInput Approve(std::string approver) {
  return {std::move(approver), "fine", "abcd",
          airlock::v1::ApprovalAnswer::ANSWER_APPROVE};
}

inline AnswerInput Reject(std::string approver) {
  return {std::move(approver), "not today", "",
          airlock::v1::ApprovalAnswer::ANSWER_REJECT};
}

inline const absl::Time kLater = kAsked + absl::Seconds(1);

// The record after an answer that must be taken.
inline ApprovalRecord After(const ApprovalRecord& record,
                            const AnswerInput& input,
                            const ApprovalSettings& settings = {}) {
  const absl::StatusOr<AnswerResult> result =
      AnswerApproval(record, input, settings, kLater);
  EXPECT_THAT(result, IsOk());
  if (!result.ok()) return record;
  EXPECT_TRUE(result->changed);
  EXPECT_EQ(result->record.revision, record.revision + 1);
  return result->record;
}

// The reason an answer is refused for; "none" if it is taken.
inline std::string RefusalOf(const ApprovalRecord& record,
                             const AnswerInput& input,
                             const ApprovalSettings& settings = {},
                             absl::Time now = kLater) {
  const absl::StatusOr<AnswerResult> result =
      AnswerApproval(record, input, settings, now);
  return result.ok() ? "none" : ErrorReason(result.status());
}

}  // namespace airlock::policy
