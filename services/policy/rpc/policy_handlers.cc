#include "services/policy/rpc/policy_handlers.h"

#include "airlock/internal/v1/executor_link.grpc.pb.h"
#include "airlock/internal/v1/refusal.grpc.pb.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/report.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "airlock/v1/standing_approval.grpc.pb.h"

namespace airlock::policy {

AccessTable PolicyAccessTable() {
  return AccessTable(
      {airlock::v1::ApprovalService::service_full_name(),
       airlock::v1::AuditService::service_full_name(),
       airlock::v1::ExecutionService::service_full_name(),
       airlock::v1::ExecutorService::service_full_name(),
       airlock::v1::PolicyService::service_full_name(),
       airlock::v1::ReportService::service_full_name(),
       airlock::v1::SessionService::service_full_name(),
       airlock::v1::StandingApprovalService::service_full_name(),
       airlock::internal::v1::ExecutorLinkService::service_full_name(),
       airlock::internal::v1::RefusalService::service_full_name()});
}

PolicyHandlers::PolicyHandlers(const AccessTable& access,
                               Authenticator& authenticator,
                               const PolicySource& policy,
                               Dispatcher& dispatcher, Store& store,
                               const SigningKey& key, const Clock& clock)
    : refusals_(clock,
                [&dispatcher](AuditEntry entry) {
                  dispatcher.Record(std::move(entry));
                }),
      caller_(access, authenticator,
              [this](const RefusedCall& call) {
                refusals_.Add(RefusalFrom(call));
              }),
      approvals_(caller_, dispatcher.approvals()),
      audit_(caller_, store, key, clock),
      executions_(caller_, policy, dispatcher, store),
      executors_(caller_, dispatcher),
      policies_(caller_, policy, dispatcher),
      refused_elsewhere_(caller_, refusals_),
      reports_(caller_, policy, store, clock),
      sessions_(caller_, policy, dispatcher.sessions()),
      standing_(caller_, dispatcher.standing()),
      links_(caller_, dispatcher) {}

std::vector<RpcService> PolicyHandlers::Services() {
  return {Serve<airlock::v1::ApprovalService>(approvals_),
          Serve<airlock::v1::AuditService>(audit_),
          Serve<airlock::v1::ExecutionService>(executions_),
          Serve<airlock::v1::ExecutorService>(executors_),
          Serve<airlock::v1::PolicyService>(policies_),
          Serve<airlock::v1::ReportService>(reports_),
          Serve<airlock::v1::SessionService>(sessions_),
          Serve<airlock::v1::StandingApprovalService>(standing_),
          Serve<airlock::internal::v1::ExecutorLinkService>(links_),
          Serve<airlock::internal::v1::RefusalService>(refused_elsewhere_)};
}

}  // namespace airlock::policy
