#include "services/policy/store/memory/memory_tables.h"

#include <iterator>
#include <vector>

#include "common/time/proto_time.h"
#include "services/policy/store/commit_conditions.h"
#include "services/policy/store/history_collector.h"
#include "services/policy/store/pages.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::StoredSession;
using airlock::v1::Approval;
using airlock::v1::Execution;
using airlock::v1::Session;

template <typename Records>
auto Copy(const Records& records, absl::string_view id) {
  const auto found = records.find(id);
  return found == records.end() ? std::nullopt
                                : std::make_optional(found->second);
}

bool IsWanted(const ApprovalQuery& query, const Approval& approval) {
  return (query.agent.empty() || approval.agent() == query.agent) &&
         (query.state == Approval::STATE_UNSPECIFIED ||
          approval.state() == query.state);
}

}  // namespace

absl::Status MemoryTables::Check(const Transaction& transaction) const {
  if (absl::Status status = CheckExecutions(transaction); !status.ok()) {
    return status;
  }
  return CheckApprovals(transaction);
}

absl::Status MemoryTables::CheckExecutions(
    const Transaction& transaction) const {
  // What an earlier record of the same transaction does counts as done.
  absl::flat_hash_map<std::string, bool> ended;
  absl::flat_hash_map<OwnKey, std::string> requests;
  for (const ExecutionRecord& record : transaction.executions) {
    const Execution& execution = record.execution;
    const auto stored = executions_.find(execution.id());
    const bool known =
        stored != executions_.end() || ended.contains(execution.id());
    if (ended_.contains(execution.id()) || ended[execution.id()]) {
      return AlreadyEndedError(execution.id());
    }
    ended[execution.id()] = IsFinal(execution.state());
    if (known || execution.request_id().empty()) continue;
    const OwnKey request(execution.agent(), execution.request_id());
    const auto used = ids_by_request_.find(request);
    const auto [first, fresh] = requests.emplace(request, execution.id());
    if (used == ids_by_request_.end() && fresh) continue;
    return RequestUsedError(request.first, request.second,
                            fresh ? used->second : first->second);
  }
  return absl::OkStatus();
}

absl::Status MemoryTables::CheckApprovals(
    const Transaction& transaction) const {
  struct Standing {
    bool ended = false;
    std::uint64_t revision = 0;
  };
  absl::flat_hash_map<std::string, Standing> standings;
  for (const ApprovalRecord& record : transaction.approvals) {
    const std::string& id = record.approval.id();
    const auto [standing, first] = standings.emplace(id, Standing());
    const auto stored = approvals_.find(id);
    if (first && stored != approvals_.end()) {
      standing->second = {IsFinal(stored->second.approval.state()),
                          stored->second.revision};
    }
    absl::Status status = CheckApprovalPut(
        id, standing->second.ended, standing->second.revision, record.revision);
    if (!status.ok()) return status;
    standing->second = {IsFinal(record.approval.state()), record.revision};
  }
  return absl::OkStatus();
}

void MemoryTables::Apply(Transaction& transaction) {
  for (ExecutionRecord& record : transaction.executions) {
    PutExecution(std::move(record));
  }
  for (ApprovalRecord& record : transaction.approvals) {
    PutApproval(std::move(record));
  }
  for (StoredSession& session : transaction.sessions) {
    PutSession(std::move(session));
  }
  for (auto& [name, value] : transaction.settings) {
    if (value.empty()) {
      settings_.erase(name);
    } else {
      settings_.insert_or_assign(name, std::move(value));
    }
  }
  ForgetOldest();
}

void MemoryTables::PutExecution(ExecutionRecord record) {
  const std::string id = record.execution.id();
  if (IsFinal(record.execution.state())) ended_.insert(id);
  const auto found = executions_.find(id);
  if (found == executions_.end()) {
    const Execution& execution = record.execution;
    if (!execution.request_id().empty()) {
      ids_by_request_[{execution.agent(), execution.request_id()}] = id;
    }
    executions_.emplace(id, std::move(record));
    return;
  }
  if (record.spec.empty()) record.spec = std::move(found->second.spec);
  if (!record.output) record.output = std::move(found->second.output);
  found->second = std::move(record);
}

void MemoryTables::PutApproval(ApprovalRecord record) {
  const std::string id = record.approval.id();
  approvals_of_.emplace(record.approval.execution_id(), id);
  approvals_.insert_or_assign(id, std::move(record));
}

void MemoryTables::PutSession(StoredSession session) {
  OwnKey key(session.session().agent(), session.session().name());
  sessions_.insert_or_assign(std::move(key), std::move(session));
}

bool MemoryTables::IsLive(const std::string& execution_id) const {
  const auto found = executions_.find(execution_id);
  return found != executions_.end() &&
         !IsFinal(found->second.execution.state());
}

LiveState MemoryTables::Load(absl::Time rejected_since) const {
  LiveState live;
  for (const auto& [id, record] : executions_) {
    if (!IsFinal(record.execution.state())) live.executions.push_back(record);
  }
  for (const auto& [id, record] : approvals_) {
    const Approval& approval = record.approval;
    if (!IsFinal(approval.state())) live.approvals.push_back(record);
    if (approval.state() == Approval::STATE_APPROVED &&
        IsLive(approval.execution_id())) {
      live.approved.push_back(record);
    }
    if (approval.state() == Approval::STATE_REJECTED &&
        FromProto(approval.end_time()) >= rejected_since) {
      live.rejected.push_back(record);
    }
  }
  for (const auto& [key, session] : sessions_) live.sessions.push_back(session);
  live.settings = settings_;
  return live;
}

std::optional<ExecutionRecord> MemoryTables::Find(absl::string_view id) const {
  return Copy(executions_, id);
}

std::optional<ExecutionRecord> MemoryTables::FindRequest(
    absl::string_view agent, absl::string_view request_id) const {
  const auto id =
      ids_by_request_.find(OwnKey(std::string(agent), std::string(request_id)));
  if (id == ids_by_request_.end()) return std::nullopt;
  return Find(id->second);
}

absl::StatusOr<HistoryPage> MemoryTables::ReadHistory(
    const ExecutionQuery& query, HistoryParts parts) const {
  absl::Status token = CheckIdToken(query.page_token);
  if (!token.ok()) return token;
  const IdRange range = IdRangeOf(query);
  HistoryCollector collector(query, parts);
  const auto end = executions_.lower_bound(range.end);
  for (auto it = std::make_reverse_iterator(end); it != executions_.rend();
       ++it) {
    const auto& [id, record] = *it;
    if (id < range.first) break;
    const auto spec = [&record = record] {
      return absl::string_view(record.spec);
    };
    const auto approval = [this, &record = record] {
      return FindApproval(record.execution.approval_id());
    };
    if (!collector.Take({record.execution, spec, approval})) break;
  }
  return std::move(collector).TakePage();
}

std::optional<ApprovalRecord> MemoryTables::FindApproval(
    absl::string_view id) const {
  return Copy(approvals_, id);
}

absl::StatusOr<ApprovalPage> MemoryTables::ListApprovals(
    const ApprovalQuery& query) const {
  absl::Status token = CheckIdToken(query.page_token);
  if (!token.ok()) return token;
  ApprovalPage page;
  const auto end = query.page_token.empty()
                       ? approvals_.end()
                       : approvals_.lower_bound(query.page_token);
  std::size_t bytes = 0;
  for (auto it = std::make_reverse_iterator(end); it != approvals_.rend();
       ++it) {
    const Approval& approval = it->second.approval;
    if (!IsWanted(query, approval)) continue;
    bytes += approval.ByteSizeLong();
    if (IsFull(page.approvals.size(), bytes, query.page_size)) {
      page.next_page_token = page.approvals.back().id();
      break;
    }
    page.approvals.push_back(approval);
  }
  return page;
}

bool MemoryTables::HasPendingApproval(const std::string& execution_id) const {
  for (auto it = approvals_of_.lower_bound({execution_id, ""});
       it != approvals_of_.end() && it->first == execution_id; ++it) {
    if (!IsFinal(approvals_.at(it->second).approval.state())) return true;
  }
  return false;
}

void MemoryTables::ForgetExecution(const std::string& id) {
  const auto record = executions_.find(id);
  const Execution& execution = record->second.execution;
  ids_by_request_.erase({execution.agent(), execution.request_id()});
  auto approval = approvals_of_.lower_bound({id, ""});
  while (approval != approvals_of_.end() && approval->first == id) {
    approvals_.erase(approval->second);
    approval = approvals_of_.erase(approval);
  }
  executions_.erase(record);
}

void MemoryTables::ForgetOldest() {
  auto oldest = ended_.begin();
  while (executions_.size() > max_kept_ && oldest != ended_.end()) {
    if (HasPendingApproval(*oldest)) {
      ++oldest;
      continue;
    }
    ForgetExecution(*oldest);
    oldest = ended_.erase(oldest);
  }
}

void MemoryTables::ForgetEndedBefore(absl::Time time) {
  for (auto id = ended_.begin(); id != ended_.end();) {
    const Execution& execution = executions_.find(*id)->second.execution;
    if (FromProto(execution.end_time()) >= time || HasPendingApproval(*id)) {
      ++id;
      continue;
    }
    ForgetExecution(*id);
    id = ended_.erase(id);
  }
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    const Session& session = it->second.session();
    const bool old = session.state() != Session::STATE_OPEN &&
                     FromProto(session.end_time()) < time;
    it = old ? sessions_.erase(it) : std::next(it);
  }
}

}  // namespace airlock::policy
