#include "services/policy/approval/rejection_memory.h"

namespace airlock::policy {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

void RejectionMemory::Remember(const ApprovalRecord& record, absl::Time until) {
  const Approval& approval = record.approval;
  // Without a hash every action would be the same.
  if (approval.state() != Approval::STATE_REJECTED ||
      record.action_hash.empty()) {
    return;
  }
  Entry entry;
  entry.rejection.approval_id = approval.id();
  for (const ApprovalAnswer& answer : approval.answers()) {
    if (answer.answer() != ApprovalAnswer::ANSWER_REJECT) continue;
    entry.rejection.approver = answer.approver();
    entry.rejection.person = answer.person();
    entry.rejection.comment = answer.comment();
  }
  entry.until = until;
  entry.sequence = next_sequence_++;
  Key key(approval.agent(), record.action_hash);
  order_.emplace_back(entry.sequence, key);
  entries_[std::move(key)] = std::move(entry);
  while (entries_.size() > max_entries_ || order_.size() > 2 * max_entries_) {
    ForgetOldest();
  }
}

void RejectionMemory::ForgetOldest() {
  const auto& [sequence, key] = order_.front();
  const auto found = entries_.find(key);
  if (found != entries_.end() && found->second.sequence == sequence) {
    entries_.erase(found);
  }
  order_.pop_front();
}

std::optional<Rejection> RejectionMemory::Find(absl::string_view agent,
                                               absl::string_view action_hash,
                                               absl::Time now) {
  const auto found =
      entries_.find(Key(std::string(agent), std::string(action_hash)));
  if (found == entries_.end()) return std::nullopt;
  if (now < found->second.until) return found->second.rejection;
  entries_.erase(found);
  return std::nullopt;
}

}  // namespace airlock::policy
