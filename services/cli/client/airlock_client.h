// The public services, as this program calls them.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "airlock/v1/audit.pb.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/executor.pb.h"
#include "airlock/v1/policy.pb.h"
#include "airlock/v1/report.pb.h"
#include "airlock/v1/session.pb.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/security/secret.h"
#include "services/cli/client/approval_stream.h"
#include "services/cli/client/audit_stream.h"
#include "services/cli/client/connection.h"
#include "services/cli/client/event_stream.h"
#include "services/cli/client/input_writer.h"
#include "services/cli/client/replay_stream.h"

namespace airlock::cli {

// Thread-safe. Every call carries the token and a deadline. Calls without a
// stream take at most 30 s and are tried again, a few times, while Airlock
// cannot be reached: none of them does anything twice.
class AirlockClient {
 public:
  // Connects when the first call is made. kInvalidArgument: the authority's
  // file is no good.
  static absl::StatusOr<std::unique_ptr<AirlockClient>> Connect(
      Connection connection);

  ~AirlockClient();
  AirlockClient(const AirlockClient&) = delete;
  AirlockClient& operator=(const AirlockClient&) = delete;

  absl::StatusOr<airlock::v1::GetExecutionResponse> Get(
      const airlock::v1::GetExecutionRequest& request);
  absl::StatusOr<airlock::v1::ListExecutionsResponse> List(
      const airlock::v1::ListExecutionsRequest& request);
  absl::StatusOr<airlock::v1::ListWaitingExecutionsResponse> ListWaiting(
      const airlock::v1::ListWaitingExecutionsRequest& request);
  absl::StatusOr<airlock::v1::CancelExecutionResponse> Cancel(
      const airlock::v1::CancelExecutionRequest& request);
  absl::StatusOr<airlock::v1::ExplainActionResponse> Explain(
      const airlock::v1::ExplainActionRequest& request);
  absl::StatusOr<airlock::v1::FreezeResponse> Freeze(
      const airlock::v1::FreezeRequest& request);
  absl::StatusOr<airlock::v1::ThawResponse> Thaw(
      const airlock::v1::ThawRequest& request);
  absl::StatusOr<airlock::v1::GetPolicyStatusResponse> GetPolicyStatus(
      const airlock::v1::GetPolicyStatusRequest& request);
  absl::StatusOr<airlock::v1::ListApprovalsResponse> ListApprovals(
      const airlock::v1::ListApprovalsRequest& request);
  absl::StatusOr<airlock::v1::GetApprovalResponse> GetApproval(
      const airlock::v1::GetApprovalRequest& request);
  absl::StatusOr<airlock::v1::DecideApprovalResponse> DecideApproval(
      const airlock::v1::DecideApprovalRequest& request);
  absl::StatusOr<airlock::v1::SuggestStandingApprovalsResponse>
  SuggestStandingApprovals(
      const airlock::v1::SuggestStandingApprovalsRequest& request);
  absl::StatusOr<airlock::v1::ListStandingApprovalsResponse>
  ListStandingApprovals(
      const airlock::v1::ListStandingApprovalsRequest& request);
  absl::StatusOr<airlock::v1::RevokeStandingApprovalResponse>
  RevokeStandingApproval(
      const airlock::v1::RevokeStandingApprovalRequest& request);
  // The exceptions: called once, as a second call would find what the first one
  // did.
  absl::StatusOr<airlock::v1::CancelApprovalResponse> CancelApproval(
      const airlock::v1::CancelApprovalRequest& request);
  absl::StatusOr<airlock::v1::CreateStandingApprovalResponse>
  CreateStandingApproval(
      const airlock::v1::CreateStandingApprovalRequest& request);
  absl::StatusOr<airlock::v1::CreateSessionResponse> CreateSession(
      const airlock::v1::CreateSessionRequest& request);
  absl::StatusOr<airlock::v1::GetSessionResponse> GetSession(
      const airlock::v1::GetSessionRequest& request);
  absl::StatusOr<airlock::v1::ListSessionsResponse> ListSessions(
      const airlock::v1::ListSessionsRequest& request);
  absl::StatusOr<airlock::v1::CloseSessionResponse> CloseSession(
      const airlock::v1::CloseSessionRequest& request);
  absl::StatusOr<airlock::v1::ListExecutorsResponse> ListExecutors(
      const airlock::v1::ListExecutorsRequest& request);
  absl::StatusOr<airlock::v1::CordonExecutorResponse> Cordon(
      const airlock::v1::CordonExecutorRequest& request);
  absl::StatusOr<airlock::v1::UncordonExecutorResponse> Uncordon(
      const airlock::v1::UncordonExecutorRequest& request);
  absl::StatusOr<airlock::v1::DrainExecutorResponse> Drain(
      const airlock::v1::DrainExecutorRequest& request);
  absl::StatusOr<airlock::v1::ListAuditRecordsResponse> ListAuditRecords(
      const airlock::v1::ListAuditRecordsRequest& request);
  absl::StatusOr<airlock::v1::GetApprovalReportResponse> GetApprovalReport(
      const airlock::v1::GetApprovalReportRequest& request);

  // Must not outlive this.
  std::unique_ptr<InputWriter> MakeInputWriter();

  // Streams, not tried again by themselves. They must not outlive this.
  std::unique_ptr<EventStream> Execute(
      const airlock::v1::ExecuteRequest& request, absl::Time deadline);
  std::unique_ptr<EventStream> Watch(
      const airlock::v1::WatchExecutionRequest& request, absl::Time deadline);
  std::unique_ptr<ApprovalStream> WatchApprovals(
      const airlock::v1::WatchApprovalsRequest& request, absl::Time deadline);
  std::unique_ptr<AuditStream> ExportAuditRecords(
      const airlock::v1::ExportAuditRecordsRequest& request,
      absl::Time deadline);
  std::unique_ptr<ReplayStream> ReplayPolicy(
      const airlock::v1::ReplayPolicyRequest& request, absl::Time deadline);

  // Waits before a call is tried again: until there is a connection, at most
  // this long.
  void WaitBeforeRetry(absl::Duration longest);

 private:
  struct Stubs;

  AirlockClient(Connection connection, std::unique_ptr<Stubs> stubs);

  const Connection connection_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace airlock::cli
