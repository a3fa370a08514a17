#include "services/policy/dispatch/listing.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/dispatch/execution_id.h"
#include "services/policy/engine/page_request.h"
#include "services/policy/store/execution_filter.h"

namespace airlock::policy {
namespace {

using airlock::v1::Execution;
using airlock::v1::ListExecutionsRequest;
using airlock::v1::Outcome;

constexpr std::size_t kMaxTextBytes = 200;

void CheckWords(const ListExecutionsRequest& request,
                FieldViolations& violations) {
  CheckKind(request.action_kind(), "action_kind", violations);
  if (!Execution::State_IsValid(request.state())) {
    violations.Add("state",
                   absl::StrCat("must be a state of an execution: got ",
                                static_cast<int>(request.state())));
  }
  if (!Outcome::EndedBy_IsValid(request.ended_by())) {
    violations.Add("ended_by",
                   absl::StrCat("must be what may end an execution: got ",
                                static_cast<int>(request.ended_by())));
  }
}

absl::Status CheckList(const ListExecutionsRequest& request) {
  FieldViolations violations;
  CheckPageSize(request.page_size(), violations);
  if (!request.page_token().empty() && !IsExecutionId(request.page_token())) {
    violations.Add("page_token",
                   "must be a next_page_token from an earlier page");
  }
  CheckWords(request, violations);
  CheckTimeRange(request.has_from_time() ? &request.from_time() : nullptr,
                 request.has_to_time() ? &request.to_time() : nullptr, "",
                 violations);
  CheckLength(request.text(), kMaxTextBytes, "text", violations);
  return violations.ToStatus();
}

// Whether it belongs to the part of the list that the page is about. What the
// page does not look at any more begins at its token.
bool IsOnPage(const ExecutionQuery& query, const ExecutionPage& page,
              const Execution& execution) {
  return (query.page_token.empty() || execution.id() < query.page_token) &&
         execution.id() >= page.next_page_token;
}

bool IsWanted(const ExecutionQuery& query, const LiveExecution& live) {
  return Passes(query, live.execution) &&
         (query.text.empty() || AsksFor(live.spec, query.text));
}

}  // namespace

absl::StatusOr<ExecutionQuery> QueryFromRequest(
    const Principal& principal, const ListExecutionsRequest& request) {
  if (absl::Status status = CheckList(request); !status.ok()) return status;
  absl::StatusOr<std::string> agent = AgentToList(principal, request.agent());
  if (!agent.ok()) return agent.status();

  ExecutionQuery query;
  query.agent = *std::move(agent);
  query.by_agents_only = principal.role == airlock::v1::PRINCIPAL_ROLE_AGENT;
  query.action_kind = request.action_kind();
  query.state = request.state();
  query.ended_by = request.ended_by();
  if (request.has_from_time()) query.from = FromProto(request.from_time());
  if (request.has_to_time()) query.to = FromProto(request.to_time());
  query.text = request.text();
  query.page_token = request.page_token();
  query.page_size = EffectivePageSize(request.page_size());
  return query;
}

void MergePage(const ExecutionQuery& query,
               const std::vector<LiveExecution>& live, ExecutionPage& page) {
  std::map<std::string, Execution, std::greater<>> merged;
  for (Execution& execution : page.executions) {
    merged.emplace(execution.id(), std::move(execution));
  }
  for (const LiveExecution& each : live) {
    if (!IsOnPage(query, page, each.execution)) continue;
    merged.erase(each.execution.id());
    if (!IsWanted(query, each)) continue;
    merged.emplace(each.execution.id(), each.execution);
  }
  page.executions.clear();
  for (auto& [id, execution] : merged) {
    if (page.executions.size() == static_cast<std::size_t>(query.page_size)) {
      page.next_page_token = page.executions.back().id();
      return;
    }
    page.executions.push_back(std::move(execution));
  }
}

}  // namespace airlock::policy
