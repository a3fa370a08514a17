#include "services/policy/report/approval_report.h"

#include <algorithm>
#include <vector>

#include "services/policy/engine/decide.h"
#include "services/policy/report/recorded_request.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalReportRow;
using airlock::v1::Decision;
using airlock::v1::Execution;

void CountDecision(const Execution& execution, ApprovalReportRow& row) {
  row.set_requests(row.requests() + 1);
  if (execution.decision().effect() == Decision::EFFECT_ALLOW) {
    row.set_allowed(row.allowed() + 1);
  }
  if (execution.decision().effect() == Decision::EFFECT_DENY) {
    row.set_denied(row.denied() + 1);
  }
  if (!execution.standing_approval_id().empty()) {
    row.set_standing(row.standing() + 1);
  }
}

void CountAnswer(Approval::State state, ApprovalReportRow& row) {
  switch (state) {
    case Approval::STATE_APPROVED:
      row.set_approved(row.approved() + 1);
      return;
    case Approval::STATE_REJECTED:
      row.set_rejected(row.rejected() + 1);
      return;
    case Approval::STATE_EXPIRED:
      row.set_expired(row.expired() + 1);
      return;
    default:
      return;
  }
}

bool ComesFirst(const ApprovalReportRow& left, const ApprovalReportRow& right) {
  if (left.asked() != right.asked()) return left.asked() > right.asked();
  return left.requests() > right.requests();
}

}  // namespace

ApprovalReportRow& ApprovalReport::RowOf(const Execution& execution) {
  ApprovalReportRow& row = rows_[{execution.agent(), execution.action_kind(),
                                  execution.decision().rule()}];
  row.set_agent(execution.agent());
  row.set_action_kind(execution.action_kind());
  row.set_rule(execution.decision().rule());
  return row;
}

void ApprovalReport::Add(const ExecutionHistory& recorded) {
  const Execution& execution = recorded.execution;
  ApprovalReportRow& row = RowOf(execution);
  CountDecision(execution, row);
  if (const Approval* question = QuestionOf(recorded)) {
    CountQuestion(recorded, *question, row);
  }
  const std::optional<ActionFacts> facts = FactsOfRecorded(recorded);
  if (facts.has_value() &&
      Decide(FullContractOf(execution.agent()), *facts).effect ==
          Effect::kAllow) {
    row.set_full_would_run(row.full_would_run() + 1);
  }
}

void ApprovalReport::CountQuestion(const ExecutionHistory& recorded,
                                   const Approval& question,
                                   ApprovalReportRow& row) {
  row.set_asked(row.asked() + 1);
  CountAnswer(question.state(), row);
  // Without a hash every action would be the same.
  if (recorded.approval->action_hash.empty()) return;
  ApprovalReportRow*& later =
      asked_later_[{question.agent(), recorded.approval->action_hash}];
  // The newest come first: it is the later one that was asked before.
  if (later != nullptr) later->set_repeated(later->repeated() + 1);
  later = &row;
}

const AgentContract& ApprovalReport::FullContractOf(const std::string& agent) {
  const auto [found, is_new] = full_contracts_.try_emplace(agent);
  if (is_new) {
    found->second = contract_->ForAgent(agent);
    found->second.autonomy.level = AutonomyLevel::kFull;
  }
  return found->second;
}

airlock::v1::GetApprovalReportResponse ApprovalReport::Take(bool complete) && {
  std::vector<ApprovalReportRow> rows;
  rows.reserve(rows_.size());
  for (auto& [key, row] : rows_) rows.push_back(std::move(row));
  std::stable_sort(rows.begin(), rows.end(), ComesFirst);
  airlock::v1::GetApprovalReportResponse response;
  response.set_complete(complete && rows.size() <= kMaxRows);
  rows.resize(std::min(rows.size(), kMaxRows));
  for (ApprovalReportRow& row : rows) *response.add_rows() = std::move(row);
  return response;
}

}  // namespace airlock::policy
