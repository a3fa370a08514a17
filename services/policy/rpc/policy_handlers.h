// All services of a policy service.
#pragma once

#include <vector>

#include "common/rpc/server.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/rpc/approval_handler.h"
#include "services/policy/rpc/audit_handler.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/rpc/execution_handler.h"
#include "services/policy/rpc/executor_handler.h"
#include "services/policy/rpc/executor_link_handler.h"
#include "services/policy/rpc/policy_handler.h"
#include "services/policy/rpc/refusal_handler.h"
#include "services/policy/rpc/refusal_record.h"
#include "services/policy/rpc/report_handler.h"
#include "services/policy/rpc/session_handler.h"
#include "services/policy/rpc/standing_handler.h"

namespace airlock::policy {

// Who may call what.
AccessTable PolicyAccessTable();

// Thread-safe. All arguments must outlive it.
class PolicyHandlers {
 public:
  PolicyHandlers(const AccessTable& access, Authenticator& authenticator,
                 const PolicySource& policy, Dispatcher& dispatcher,
                 Store& store, const SigningKey& key, const Clock& clock);

  // What to serve; they live as long as this.
  std::vector<RpcService> Services();

  // What was refused, as the audit hears of it: to be ticked again and again,
  // and asked at the end for what it has not told.
  RefusalRecord& refusals() { return refusals_; }

 private:
  RefusalRecord refusals_;
  const CallerCheck caller_;
  ApprovalHandler approvals_;
  AuditHandler audit_;
  ExecutionHandler executions_;
  ExecutorHandler executors_;
  PolicyHandler policies_;
  RefusalHandler refused_elsewhere_;
  ReportHandler reports_;
  SessionHandler sessions_;
  StandingHandler standing_;
  ExecutorLinkHandler links_;
};

}  // namespace airlock::policy
