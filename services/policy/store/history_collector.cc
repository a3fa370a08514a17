#include "services/policy/store/history_collector.h"

#include <utility>

#include "services/policy/store/pages.h"

namespace airlock::policy {

bool HistoryCollector::Take(const HistoryRow& row) {
  if (looked_at_ == kMaxLookedAt || spec_bytes_ >= kMaxSpecBytesLookedAt) {
    EndPage();
    return false;
  }
  ++looked_at_;
  if (Passes(query_, row.execution) && !TakeWanted(row)) {
    EndPage();
    return false;
  }
  last_ = row.execution.id();
  return true;
}

bool HistoryCollector::TakeWanted(const HistoryRow& row) {
  absl::string_view spec;
  if (parts_.specs || !query_.text.empty()) {
    spec = row.spec();
    spec_bytes_ += spec.size();
  }
  if (!query_.text.empty() && !AsksFor(spec, query_.text)) return true;
  bytes_ += row.execution.ByteSizeLong() + (parts_.specs ? spec.size() : 0);
  if (IsFull(page_.executions.size(), bytes_, query_.page_size)) return false;
  ExecutionHistory& taken = page_.executions.emplace_back();
  taken.execution = row.execution;
  if (parts_.specs) taken.spec = std::string(spec);
  if (parts_.approvals && !row.execution.approval_id().empty()) {
    taken.approval = row.approval();
  }
  return true;
}

absl::StatusOr<ExecutionPage> WithoutHistory(
    absl::StatusOr<HistoryPage> history) {
  if (!history.ok()) return history.status();
  ExecutionPage page;
  page.executions.reserve(history->executions.size());
  for (ExecutionHistory& each : history->executions) {
    page.executions.push_back(std::move(each.execution));
  }
  page.next_page_token = std::move(history->next_page_token);
  return page;
}

}  // namespace airlock::policy
