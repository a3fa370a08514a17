// Pages of sessions.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "airlock/v1/session.pb.h"
#include "common/security/authenticator.h"
#include "services/policy/sessions/session_table.h"

namespace airlock::policy {

// Which sessions to list.
struct SessionQuery {
  // Empty: of all agents.
  std::string agent;
  int page_size = 50;
  // Only those behind this one.
  SessionTable::Key after;
  bool include_ended = false;
};

// What a principal may list. INVALID_ARGUMENT: a negative page size or a page
// token that is not one of ours. PERMISSION_DENIED: an agent asks for others.
absl::StatusOr<SessionQuery> SessionQueryFromRequest(
    const Principal& principal,
    const airlock::v1::ListSessionsRequest& request);

// The page, by agent and then by name.
airlock::v1::ListSessionsResponse ListPage(const SessionTable& sessions,
                                           const SessionQuery& query);

}  // namespace airlock::policy
