// airlock.v1.ReportService, as gateways call it.
#pragma once

#include "airlock/v1/report.grpc.pb.h"
#include "common/time/clock.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/report/history_walks.h"
#include "services/policy/rpc/caller.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Checks who calls and what, and starts walks over executions. Thread-safe.
// All arguments must outlive it, except that the store may go when no call is
// under way.
class ReportHandler final : public airlock::v1::ReportService::CallbackService {
 public:
  ReportHandler(const CallerCheck& caller, const PolicySource& policy,
                Store& store, const Clock& clock,
                const HistoryWalkLimits& limits = {})
      : caller_(caller),
        policy_(policy),
        store_(store),
        clock_(clock),
        walks_(store, limits) {}

  grpc::ServerUnaryReactor* GetActivity(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetActivityRequest* request,
      airlock::v1::GetActivityResponse* response) override;
  grpc::ServerUnaryReactor* GetApprovalReport(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetApprovalReportRequest* request,
      airlock::v1::GetApprovalReportResponse* response) override;
  grpc::ServerWriteReactor<airlock::v1::ReplayPolicyResponse>* ReplayPolicy(
      grpc::CallbackServerContext* context,
      const airlock::v1::ReplayPolicyRequest* request) override;

 private:
  const CallerCheck& caller_;
  const PolicySource& policy_;
  Store& store_;
  const Clock& clock_;
  HistoryWalks walks_;
};

}  // namespace airlock::policy
