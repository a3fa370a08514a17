#include "services/policy/dispatch/listing.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "common/status/error.h"
#include "services/policy/dispatch/execution_id.h"
#include "services/policy/engine/page_request.h"

namespace airlock::policy {

absl::StatusOr<ExecutionQuery> QueryFromRequest(
    const Principal& principal,
    const airlock::v1::ListExecutionsRequest& request) {
  FieldViolations violations;
  CheckPageSize(request.page_size(), violations);
  if (!request.page_token().empty() && !IsExecutionId(request.page_token())) {
    violations.Add("page_token",
                   "must be a next_page_token from an earlier page");
  }
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  absl::StatusOr<std::string> agent = AgentToList(principal, request.agent());
  if (!agent.ok()) return agent.status();

  ExecutionQuery query;
  query.page_token = request.page_token();
  query.page_size = EffectivePageSize(request.page_size());
  query.agent = *std::move(agent);
  return query;
}

void MergePage(const ExecutionQuery& query,
               std::vector<airlock::v1::Execution> live, ExecutionPage& page) {
  std::map<std::string, airlock::v1::Execution, std::greater<>> merged;
  for (airlock::v1::Execution& execution : live) {
    const bool wanted =
        (query.agent.empty() || execution.agent() == query.agent) &&
        (query.page_token.empty() || execution.id() < query.page_token);
    if (wanted) merged.emplace(execution.id(), std::move(execution));
  }
  for (airlock::v1::Execution& execution : page.executions) {
    merged.emplace(execution.id(), std::move(execution));
  }
  const bool more = !page.next_page_token.empty() ||
                    merged.size() > static_cast<std::size_t>(query.page_size);
  page.executions.clear();
  for (auto& [id, execution] : merged) {
    if (page.executions.size() == static_cast<std::size_t>(query.page_size)) {
      break;
    }
    page.executions.push_back(std::move(execution));
  }
  page.next_page_token = more ? page.executions.back().id() : "";
}

}  // namespace airlock::policy
