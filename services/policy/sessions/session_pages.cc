#include "services/policy/sessions/session_pages.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/engine/page_request.h"
#include "services/policy/engine/session_requests.h"

namespace airlock::policy {
namespace {

// Between agent and name in a page token: no name has it.
constexpr char kSeparator = '/';

bool ReadToken(const std::string& token, SessionTable::Key& key) {
  const std::size_t separator = token.rfind(kSeparator);
  if (separator == std::string::npos || separator == 0) return false;
  key = {token.substr(0, separator), token.substr(separator + 1)};
  return IsSessionName(key.second);
}

}  // namespace

absl::StatusOr<SessionQuery> SessionQueryFromRequest(
    const Principal& principal,
    const airlock::v1::ListSessionsRequest& request) {
  SessionQuery query;
  FieldViolations violations;
  CheckPageSize(request.page_size(), violations);
  if (!request.page_token().empty() &&
      !ReadToken(request.page_token(), query.after)) {
    violations.Add("page_token",
                   "must be a next_page_token from an earlier page");
  }
  if (absl::Status status = violations.ToStatus(); !status.ok()) return status;
  absl::StatusOr<std::string> agent = AgentToList(principal, request.agent());
  if (!agent.ok()) return agent.status();

  query.page_size = EffectivePageSize(request.page_size());
  query.include_ended = request.include_ended();
  query.agent = *std::move(agent);
  return query;
}

airlock::v1::ListSessionsResponse ListPage(const SessionTable& sessions,
                                           const SessionQuery& query) {
  airlock::v1::ListSessionsResponse page;
  const SessionTable::Key first(query.agent, "");
  auto it = first > query.after ? sessions.all().lower_bound(first)
                                : sessions.all().upper_bound(query.after);
  for (; it != sessions.all().end(); ++it) {
    const auto& [key, session] = *it;
    if (!query.agent.empty() && key.first != query.agent) break;
    if (!session->open() && !query.include_ended) continue;
    if (page.sessions_size() == query.page_size) {
      const airlock::v1::Session& last = *page.sessions().rbegin();
      page.set_next_page_token(
          absl::StrCat(last.agent(), std::string(1, kSeparator), last.name()));
      break;
    }
    *page.add_sessions() = SessionToProto(*session);
  }
  return page;
}

}  // namespace airlock::policy
