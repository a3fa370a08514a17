#include "services/policy/approval/pending_approvals.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

absl::Status FullError(absl::string_view subject, std::size_t limit) {
  const std::string description =
      absl::StrCat(limit, " approvals are pending already, which is the most");
  return WithQuotaFailure(
      MakeError(
          absl::StatusCode::kResourceExhausted, "APPROVALS_FULL",
          absl::StrCat("nobody can be asked for ", subject, ": ", description,
                       "; answer or withdraw some, or try again later"),
          {{"limit", absl::StrCat(limit)}}),
      subject, description);
}

}  // namespace

absl::Status PendingApprovals::CheckRoom(absl::string_view agent,
                                         std::size_t max_per_agent,
                                         std::size_t max_total) const {
  if (size() >= max_total) return FullError("all agents", max_total);
  if (CountOf(agent) >= max_per_agent) {
    return FullError(absl::StrCat("agent:", agent), max_per_agent);
  }
  return absl::OkStatus();
}

PendingApproval* PendingApprovals::Add(ApprovalRecord record,
                                       absl::Duration deadline) {
  const std::string id = record.approval.id();
  if (by_execution_.contains(record.approval.execution_id())) return nullptr;
  const auto [slot, is_new] = by_id_.try_emplace(id);
  if (!is_new) return nullptr;
  slot->second.agent = record.approval.agent();
  slot->second.execution_id = record.approval.execution_id();
  slot->second.pending.record = std::move(record);
  by_execution_.emplace(slot->second.execution_id, slot);
  ++count_by_agent_[slot->second.agent];
  SetDeadline(slot, deadline);
  return &slot->second.pending;
}

PendingApproval* PendingApprovals::Find(absl::string_view id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second.pending;
}

PendingApproval* PendingApprovals::FindByExecution(
    absl::string_view execution_id) {
  const auto found = by_execution_.find(execution_id);
  return found == by_execution_.end() ? nullptr
                                      : &found->second->second.pending;
}

std::optional<PendingApproval> PendingApprovals::Remove(absl::string_view id) {
  const auto slot = by_id_.find(id);
  if (slot == by_id_.end()) return std::nullopt;
  DropDeadline(slot);
  // Not from the record: that may have been changed since.
  by_execution_.erase(slot->second.execution_id);
  const auto count = count_by_agent_.find(slot->second.agent);
  if (--count->second == 0) count_by_agent_.erase(count);
  PendingApproval removed = std::move(slot->second.pending);
  by_id_.erase(slot);
  return removed;
}

std::vector<std::string> PendingApprovals::TakeDue(absl::Duration now,
                                                   std::size_t max) {
  std::vector<std::string> due;
  while (!deadlines_.empty() && due.size() < max &&
         deadlines_.begin()->first <= now) {
    due.emplace_back(deadlines_.begin()->second);
    DropDeadline(by_id_.find(due.back()));
  }
  return due;
}

void PendingApprovals::Remind(absl::string_view id, absl::Duration deadline) {
  const auto slot = by_id_.find(id);
  if (slot == by_id_.end()) return;
  DropDeadline(slot);
  SetDeadline(slot, deadline);
}

absl::Duration PendingApprovals::NextDeadline() const {
  return deadlines_.empty() ? absl::InfiniteDuration()
                            : deadlines_.begin()->first;
}

void PendingApprovals::ForEach(
    const std::function<void(PendingApproval&)>& visit) {
  for (auto& [id, slot] : by_id_) visit(slot.pending);
}

std::size_t PendingApprovals::CountOf(absl::string_view agent) const {
  const auto found = count_by_agent_.find(agent);
  return found == count_by_agent_.end() ? 0 : found->second;
}

std::optional<absl::Time> PendingApprovals::OldestCreateTime() const {
  if (by_id_.empty()) return std::nullopt;
  return FromProto(
      by_id_.begin()->second.pending.record.approval.create_time());
}

void PendingApprovals::SetDeadline(ById::iterator slot,
                                   absl::Duration deadline) {
  slot->second.deadline = deadline;
  deadlines_.emplace(deadline, slot->first);
}

void PendingApprovals::DropDeadline(ById::iterator slot) {
  if (!slot->second.deadline.has_value()) return;
  deadlines_.erase({*slot->second.deadline, slot->first});
  slot->second.deadline.reset();
}

}  // namespace airlock::policy
