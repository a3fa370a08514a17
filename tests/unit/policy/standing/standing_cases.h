// Actions, scopes and permissions for the tests of standing approvals.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/v1/action.pb.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/time/proto_time.h"
#include "services/policy/standing/standing_scope.h"

namespace airlock::policy {

inline airlock::v1::Action Argv(const std::vector<std::string>& args) {
  airlock::v1::Action action;
  for (const std::string& arg : args) {
    action.mutable_system_command()->mutable_argv()->add_args(arg);
  }
  return action;
}

inline airlock::v1::Action Get(const std::string& url) {
  airlock::v1::Action action;
  action.mutable_http_get()->set_url(url);
  return action;
}

inline airlock::v1::Action Read(const std::string& path) {
  airlock::v1::Action action;
  action.mutable_file_read()->set_path(path);
  return action;
}

inline airlock::v1::Action Write(const std::string& path) {
  airlock::v1::Action action;
  action.mutable_file_write()->set_path(path);
  return action;
}

// What "ada" asks for; actions are told apart by `hash`.
inline StandingSubject Subject(const airlock::v1::Action& action,
                               const std::string& session = "",
                               const std::string& hash = std::string(64, 'a')) {
  return {"ada", session, hash, ShapeFromAction(action)};
}

inline airlock::v1::StandingScope ScopeFor(const std::string& agent) {
  airlock::v1::StandingScope scope;
  scope.set_agent(agent);
  return scope;
}

inline airlock::v1::StandingScope Exactly(const std::string& hash) {
  airlock::v1::StandingScope scope = ScopeFor("ada");
  scope.set_action_hash(hash);
  return scope;
}

inline airlock::v1::StandingScope CommandScope(
    const std::vector<std::string>& prefix) {
  airlock::v1::StandingScope scope = ScopeFor("ada");
  airlock::v1::ActionPattern& pattern = *scope.mutable_pattern();
  pattern.set_action_kind(airlock::v1::ACTION_KIND_SYSTEM_COMMAND);
  pattern.mutable_argv_prefix()->Assign(prefix.begin(), prefix.end());
  return scope;
}

inline airlock::v1::StandingScope FileScope(airlock::v1::ActionKind kind,
                                            const std::string& path) {
  airlock::v1::StandingScope scope = ScopeFor("ada");
  scope.mutable_pattern()->set_action_kind(kind);
  scope.mutable_pattern()->set_path(path);
  return scope;
}

inline airlock::v1::StandingScope HttpScope(const std::string& host,
                                            const std::string& path = "") {
  airlock::v1::StandingScope scope =
      FileScope(airlock::v1::ACTION_KIND_HTTP_GET, path);
  scope.mutable_pattern()->set_host(host);
  return scope;
}

inline absl::Time Noon() { return absl::FromUnixSeconds(1'800'000'000); }

// Holds for an hour from Noon() on.
inline airlock::v1::StandingApproval Permission(
    const std::string& id, const airlock::v1::StandingScope& scope,
    std::uint32_t max_uses = 10) {
  airlock::v1::StandingApproval permission;
  permission.set_id(id);
  *permission.mutable_scope() = scope;
  permission.set_state(airlock::v1::StandingApproval::STATE_ACTIVE);
  *permission.mutable_create_time() = ToProto(Noon());
  *permission.mutable_expire_time() = ToProto(Noon() + absl::Hours(1));
  permission.set_max_uses(max_uses);
  permission.set_approver("web:bob");
  return permission;
}

}  // namespace airlock::policy
