#include "services/policy/standing/standing_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::v1::StandingApproval;

absl::Status FullError(const std::string& subject, std::size_t limit) {
  const std::string description = absl::StrCat(
      limit, " standing approvals hold already, which is the most");
  return WithQuotaFailure(
      MakeError(
          absl::StatusCode::kResourceExhausted, "STANDING_FULL",
          absl::StrCat("nothing more can be permitted for ", subject, ": ",
                       description, "; revoke some, or wait until some end"),
          {{"limit", absl::StrCat(limit)}}),
      subject, description);
}

bool IsActive(const StandingApproval& permission) {
  return permission.state() == StandingApproval::STATE_ACTIVE;
}

}  // namespace

absl::Status StandingTable::CheckRoom(absl::string_view agent) const {
  if (active_ >= limits_.max_active) {
    return FullError("all agents", limits_.max_active);
  }
  const auto found = active_by_agent_.find(agent);
  if (found != active_by_agent_.end() &&
      found->second >= limits_.max_active_per_agent) {
    return FullError(absl::StrCat("agent:", agent),
                     limits_.max_active_per_agent);
  }
  return absl::OkStatus();
}

void StandingTable::CountActive(const StandingApproval& permission,
                                int change) {
  const auto [count, is_new] =
      active_by_agent_.try_emplace(permission.scope().agent());
  if (change > 0) {
    ++active_;
    ++count->second;
    return;
  }
  --active_;
  if (--count->second == 0) active_by_agent_.erase(count);
}

void StandingTable::Add(StandingApproval permission, absl::Duration deadline) {
  const std::string id = permission.id();
  const auto [entry, is_new] =
      by_id_.try_emplace(id, Entry{std::move(permission), deadline});
  if (is_new && IsActive(entry->second.permission)) {
    CountActive(entry->second.permission, 1);
  }
}

void StandingTable::Remove(absl::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  if (IsActive(found->second.permission)) {
    CountActive(found->second.permission, -1);
  }
  by_id_.erase(found);
}

const StandingApproval* StandingTable::Find(absl::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second.permission;
}

bool StandingTable::IsUsable(const Entry& entry, StandingNow now) {
  const StandingApproval& permission = entry.permission;
  return IsActive(permission) && permission.uses() < permission.max_uses() &&
         now.wall < FromProto(permission.expire_time()) &&
         now.monotonic < entry.deadline;
}

bool StandingTable::IsUsable(absl::string_view id, StandingNow now) const {
  const auto found = by_id_.find(id);
  return found != by_id_.end() && IsUsable(found->second, now);
}

const StandingApproval* StandingTable::FindFor(
    const StandingSubject& subject, StandingNow now,
    const std::function<bool(const StandingApproval&)>& accepts) const {
  if (!HasActive(subject.agent)) return nullptr;
  for (const auto& [id, entry] : by_id_) {
    if (IsUsable(entry, now) && Covers(entry.permission.scope(), subject) &&
        accepts(entry.permission)) {
      return &entry.permission;
    }
  }
  return nullptr;
}

bool StandingTable::TakeUse(absl::string_view id, StandingNow now) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || !IsUsable(found->second, now)) return false;
  StandingApproval& permission = found->second.permission;
  permission.set_uses(permission.uses() + 1);
  if (permission.uses() >= permission.max_uses()) {
    End(id, StandingApproval::STATE_USED_UP, now.wall);
  }
  return true;
}

void StandingTable::GiveBackUse(absl::string_view id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  StandingApproval& permission = found->second.permission;
  if (!IsActive(permission) || permission.uses() == 0) return;
  permission.set_uses(permission.uses() - 1);
}

bool StandingTable::End(absl::string_view id, StandingApproval::State state,
                        absl::Time now, absl::string_view revoked_by) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || !IsActive(found->second.permission)) {
    return false;
  }
  StandingApproval& permission = found->second.permission;
  CountActive(permission, -1);
  permission.set_state(state);
  *permission.mutable_end_time() = ToProto(now);
  permission.set_revoked_by(std::string(revoked_by));
  return true;
}

std::vector<std::string> StandingTable::Due(StandingNow now) const {
  std::vector<std::string> due;
  for (const auto& [id, entry] : by_id_) {
    const bool over = now.wall >= FromProto(entry.permission.expire_time()) ||
                      now.monotonic >= entry.deadline;
    if (IsActive(entry.permission) && over) due.push_back(id);
  }
  return due;
}

std::vector<std::string> StandingTable::Forget(absl::Time now) {
  std::vector<std::string> gone;
  std::size_t ended = by_id_.size() - active_;
  // The oldest come first.
  for (auto entry = by_id_.begin(); entry != by_id_.end();) {
    const StandingApproval& permission = entry->second.permission;
    const bool goes =
        !IsActive(permission) &&
        (ended > limits_.max_ended ||
         now >= FromProto(permission.end_time()) + limits_.keep_ended);
    if (!goes) {
      ++entry;
      continue;
    }
    --ended;
    gone.push_back(entry->first);
    entry = by_id_.erase(entry);
  }
  return gone;
}

std::vector<StandingApproval> StandingTable::List(
    absl::string_view agent) const {
  std::vector<StandingApproval> all;
  for (auto entry = by_id_.rbegin(); entry != by_id_.rend(); ++entry) {
    const StandingApproval& permission = entry->second.permission;
    if (agent.empty() || permission.scope().agent() == agent) {
      all.push_back(permission);
    }
  }
  return all;
}

}  // namespace airlock::policy
