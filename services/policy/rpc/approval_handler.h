// airlock.v1.ApprovalService, as gateways call it.
#pragma once

#include "airlock/v1/approval.grpc.pb.h"
#include "services/policy/dispatch/approval_calls.h"
#include "services/policy/rpc/caller.h"

namespace airlock::policy {

// Checks who calls and what, and hands over. Thread-safe. All arguments must
// outlive it.
class ApprovalHandler final
    : public airlock::v1::ApprovalService::CallbackService {
 public:
  ApprovalHandler(const CallerCheck& caller, ApprovalCalls& approvals)
      : caller_(caller), approvals_(approvals) {}

  grpc::ServerUnaryReactor* ListApprovals(
      grpc::CallbackServerContext* context,
      const airlock::v1::ListApprovalsRequest* request,
      airlock::v1::ListApprovalsResponse* response) override;
  grpc::ServerUnaryReactor* GetApproval(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetApprovalRequest* request,
      airlock::v1::GetApprovalResponse* response) override;
  grpc::ServerUnaryReactor* ReadTarget(
      grpc::CallbackServerContext* context,
      const airlock::v1::ReadTargetRequest* request,
      airlock::v1::ReadTargetResponse* response) override;
  grpc::ServerWriteReactor<airlock::v1::WatchApprovalsResponse>* WatchApprovals(
      grpc::CallbackServerContext* context,
      const airlock::v1::WatchApprovalsRequest* request) override;
  grpc::ServerUnaryReactor* DecideApproval(
      grpc::CallbackServerContext* context,
      const airlock::v1::DecideApprovalRequest* request,
      airlock::v1::DecideApprovalResponse* response) override;
  grpc::ServerUnaryReactor* CancelApproval(
      grpc::CallbackServerContext* context,
      const airlock::v1::CancelApprovalRequest* request,
      airlock::v1::CancelApprovalResponse* response) override;

 private:
  const CallerCheck& caller_;
  ApprovalCalls& approvals_;
};

}  // namespace airlock::policy
