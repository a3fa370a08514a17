#include "services/cli/client/airlock_client.h"

#include <grpc/grpc.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/audit.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/report.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "airlock/v1/standing_approval.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/security/tls.h"
#include "services/cli/client/grpc_call.h"

namespace airlock::cli {
namespace {

// Between two attempts, also when there is a connection.
constexpr absl::Duration kShortestWait = absl::Milliseconds(200);

using airlock::v1::ApprovalService;
using airlock::v1::AuditService;
using airlock::v1::ExecutionService;
using airlock::v1::ExecutorService;
using airlock::v1::PolicyService;
using airlock::v1::ReportService;
using airlock::v1::SessionService;
using airlock::v1::StandingApprovalService;

// gRPC shuts down with its last channel and then waits for its threads, ten
// milliseconds in which nothing happens. The process may end without that.
void KeepLibrary() {
  static const bool kept = [] {
    grpc_init();
    return true;
  }();
  static_cast<void>(kept);
}

// A call that streams `Response`s.
template <typename Response>
class GrpcStream {
 public:
  // `start` makes the call with the context it is given.
  template <typename Start>
  GrpcStream(const Connection& connection, absl::Time deadline,
             const Start& start)
      : endpoint_(connection.endpoint), cert_file_(connection.cert_file) {
    SetDeadline(context_, deadline);
    Authorize(context_, connection);
    reader_ = start(context_);
  }

  ~GrpcStream() { context_.TryCancel(); }
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  bool Read(Response& response) { return reader_->Read(&response); }
  absl::Status Finish() {
    return InWords(reader_->Finish(), endpoint_, cert_file_);
  }
  void Cancel() { context_.TryCancel(); }

 private:
  const std::string endpoint_;
  const std::string cert_file_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
};

// Reads `Response`s, each with an event.
template <typename Response>
class GrpcEventStream final : public EventStream {
 public:
  template <typename Start>
  GrpcEventStream(const Connection& connection, absl::Time deadline,
                  const Start& start)
      : stream_(connection, deadline, start) {}

  bool Next(airlock::v1::ExecutionEvent& event) override {
    Response response;
    if (!stream_.Read(response)) return false;
    event = std::move(*response.mutable_event());
    return true;
  }

  absl::Status Finish() override { return stream_.Finish(); }

 private:
  GrpcStream<Response> stream_;
};

class GrpcApprovalStream final : public ApprovalStream {
 public:
  template <typename Start>
  GrpcApprovalStream(const Connection& connection, absl::Time deadline,
                     const Start& start)
      : stream_(connection, deadline, start) {}

  bool Next(airlock::v1::WatchApprovalsResponse& message) override {
    return stream_.Read(message);
  }
  absl::Status Finish() override { return stream_.Finish(); }
  void Cancel() override { stream_.Cancel(); }

 private:
  GrpcStream<airlock::v1::WatchApprovalsResponse> stream_;
};

// An `Interface` whose items are the call's responses.
template <typename Interface, typename Response>
class GrpcItemStream final : public Interface {
 public:
  template <typename Start>
  GrpcItemStream(const Connection& connection, absl::Time deadline,
                 const Start& start)
      : stream_(connection, deadline, start) {}

  bool Next(Response& item) override { return stream_.Read(item); }
  absl::Status Finish() override { return stream_.Finish(); }

 private:
  GrpcStream<Response> stream_;
};
using GrpcAuditStream =
    GrpcItemStream<AuditStream, airlock::v1::ExportAuditRecordsResponse>;
using GrpcReplayStream =
    GrpcItemStream<ReplayStream, airlock::v1::ReplayPolicyResponse>;

// Every call has a context of its own, which Cancel() reaches from elsewhere.
class GrpcInputWriter final : public InputWriter {
 public:
  GrpcInputWriter(const Connection& connection, ExecutionService::Stub& stub)
      : connection_(connection), stub_(stub) {}

  absl::StatusOr<airlock::v1::WriteStdinResponse> Write(
      const airlock::v1::WriteStdinRequest& request) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    grpc::ClientContext context;
    SetTimeout(context, kCallTimeout);
    Authorize(context, connection_);
    {
      absl::MutexLock lock(&mutex_);
      if (cancelled_) return absl::CancelledError("given up");
      current_ = &context;
    }
    airlock::v1::WriteStdinResponse response;
    const grpc::Status status = stub_.WriteStdin(&context, request, &response);
    {
      absl::MutexLock lock(&mutex_);
      current_ = nullptr;
    }
    if (status.ok()) return response;
    return InWords(status, connection_.endpoint, connection_.cert_file);
  }

  void Cancel() override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
    if (current_ != nullptr) current_->TryCancel();
  }

 private:
  const Connection& connection_;
  ExecutionService::Stub& stub_;
  absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* current_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace

struct AirlockClient::Stubs {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<ExecutionService::Stub> executions;
  std::unique_ptr<PolicyService::Stub> policy;
  std::unique_ptr<SessionService::Stub> sessions;
  std::unique_ptr<ExecutorService::Stub> executors;
  std::unique_ptr<ApprovalService::Stub> approvals;
  std::unique_ptr<AuditService::Stub> audit;
  std::unique_ptr<ReportService::Stub> reports;
  std::unique_ptr<StandingApprovalService::Stub> standing;
};

absl::StatusOr<std::unique_ptr<AirlockClient>> AirlockClient::Connect(
    Connection connection) {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (connection.plain_text) {
    credentials = grpc::InsecureChannelCredentials();
  } else {
    absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> tls =
        TlsChannelCredentials(TlsFiles{connection.cert_file,
                                       connection.key_file, connection.ca_file},
                              "connection");
    if (!tls.ok()) return tls.status();
    credentials = *std::move(tls);
  }
  KeepLibrary();
  const std::shared_ptr<grpc::Channel> channel =
      MakeChannel(connection.endpoint, credentials);
  auto stubs = std::make_unique<Stubs>();
  stubs->channel = channel;
  stubs->executions = ExecutionService::NewStub(channel);
  stubs->policy = PolicyService::NewStub(channel);
  stubs->sessions = SessionService::NewStub(channel);
  stubs->executors = ExecutorService::NewStub(channel);
  stubs->approvals = ApprovalService::NewStub(channel);
  stubs->audit = AuditService::NewStub(channel);
  stubs->reports = ReportService::NewStub(channel);
  stubs->standing = StandingApprovalService::NewStub(channel);
  // The constructor is private.
  return std::unique_ptr<AirlockClient>(
      new AirlockClient(std::move(connection), std::move(stubs)));
}

AirlockClient::AirlockClient(Connection connection,
                             std::unique_ptr<Stubs> stubs)
    : connection_(std::move(connection)), stubs_(std::move(stubs)) {}

AirlockClient::~AirlockClient() = default;

absl::StatusOr<airlock::v1::GetExecutionResponse> AirlockClient::Get(
    const airlock::v1::GetExecutionRequest& request) {
  return Call(connection_, *stubs_->executions,
              &ExecutionService::Stub::GetExecution, request);
}

absl::StatusOr<airlock::v1::ListExecutionsResponse> AirlockClient::List(
    const airlock::v1::ListExecutionsRequest& request) {
  return Call(connection_, *stubs_->executions,
              &ExecutionService::Stub::ListExecutions, request);
}

absl::StatusOr<airlock::v1::ListWaitingExecutionsResponse>
AirlockClient::ListWaiting(
    const airlock::v1::ListWaitingExecutionsRequest& request) {
  return Call(connection_, *stubs_->executions,
              &ExecutionService::Stub::ListWaitingExecutions, request);
}

absl::StatusOr<airlock::v1::CancelExecutionResponse> AirlockClient::Cancel(
    const airlock::v1::CancelExecutionRequest& request) {
  return Call(connection_, *stubs_->executions,
              &ExecutionService::Stub::CancelExecution, request);
}

absl::StatusOr<airlock::v1::ExplainActionResponse> AirlockClient::Explain(
    const airlock::v1::ExplainActionRequest& request) {
  return Call(connection_, *stubs_->policy, &PolicyService::Stub::ExplainAction,
              request);
}

absl::StatusOr<airlock::v1::FreezeResponse> AirlockClient::Freeze(
    const airlock::v1::FreezeRequest& request) {
  return Call(connection_, *stubs_->policy, &PolicyService::Stub::Freeze,
              request);
}

absl::StatusOr<airlock::v1::ThawResponse> AirlockClient::Thaw(
    const airlock::v1::ThawRequest& request) {
  return Call(connection_, *stubs_->policy, &PolicyService::Stub::Thaw,
              request);
}

absl::StatusOr<airlock::v1::GetPolicyStatusResponse>
AirlockClient::GetPolicyStatus(
    const airlock::v1::GetPolicyStatusRequest& request) {
  return Call(connection_, *stubs_->policy,
              &PolicyService::Stub::GetPolicyStatus, request);
}

absl::StatusOr<airlock::v1::ListApprovalsResponse> AirlockClient::ListApprovals(
    const airlock::v1::ListApprovalsRequest& request) {
  return Call(connection_, *stubs_->approvals,
              &ApprovalService::Stub::ListApprovals, request);
}

absl::StatusOr<airlock::v1::GetApprovalResponse> AirlockClient::GetApproval(
    const airlock::v1::GetApprovalRequest& request) {
  return Call(connection_, *stubs_->approvals,
              &ApprovalService::Stub::GetApproval, request);
}

absl::StatusOr<airlock::v1::DecideApprovalResponse>
AirlockClient::DecideApproval(
    const airlock::v1::DecideApprovalRequest& request) {
  return Call(connection_, *stubs_->approvals,
              &ApprovalService::Stub::DecideApproval, request);
}

absl::StatusOr<airlock::v1::CancelApprovalResponse>
AirlockClient::CancelApproval(
    const airlock::v1::CancelApprovalRequest& request) {
  return Call(connection_, *stubs_->approvals,
              &ApprovalService::Stub::CancelApproval, request, Retry::kNever);
}

absl::StatusOr<airlock::v1::SuggestStandingApprovalsResponse>
AirlockClient::SuggestStandingApprovals(
    const airlock::v1::SuggestStandingApprovalsRequest& request) {
  return Call(connection_, *stubs_->standing,
              &StandingApprovalService::Stub::SuggestStandingApprovals,
              request);
}

absl::StatusOr<airlock::v1::CreateStandingApprovalResponse>
AirlockClient::CreateStandingApproval(
    const airlock::v1::CreateStandingApprovalRequest& request) {
  return Call(connection_, *stubs_->standing,
              &StandingApprovalService::Stub::CreateStandingApproval, request,
              Retry::kNever);
}

absl::StatusOr<airlock::v1::ListStandingApprovalsResponse>
AirlockClient::ListStandingApprovals(
    const airlock::v1::ListStandingApprovalsRequest& request) {
  return Call(connection_, *stubs_->standing,
              &StandingApprovalService::Stub::ListStandingApprovals, request);
}

absl::StatusOr<airlock::v1::RevokeStandingApprovalResponse>
AirlockClient::RevokeStandingApproval(
    const airlock::v1::RevokeStandingApprovalRequest& request) {
  return Call(connection_, *stubs_->standing,
              &StandingApprovalService::Stub::RevokeStandingApproval, request);
}

absl::StatusOr<airlock::v1::CreateSessionResponse> AirlockClient::CreateSession(
    const airlock::v1::CreateSessionRequest& request) {
  return Call(connection_, *stubs_->sessions,
              &SessionService::Stub::CreateSession, request, Retry::kNever);
}

absl::StatusOr<airlock::v1::GetSessionResponse> AirlockClient::GetSession(
    const airlock::v1::GetSessionRequest& request) {
  return Call(connection_, *stubs_->sessions, &SessionService::Stub::GetSession,
              request);
}

absl::StatusOr<airlock::v1::ListSessionsResponse> AirlockClient::ListSessions(
    const airlock::v1::ListSessionsRequest& request) {
  return Call(connection_, *stubs_->sessions,
              &SessionService::Stub::ListSessions, request);
}

absl::StatusOr<airlock::v1::CloseSessionResponse> AirlockClient::CloseSession(
    const airlock::v1::CloseSessionRequest& request) {
  return Call(connection_, *stubs_->sessions,
              &SessionService::Stub::CloseSession, request);
}

absl::StatusOr<airlock::v1::ListExecutorsResponse> AirlockClient::ListExecutors(
    const airlock::v1::ListExecutorsRequest& request) {
  return Call(connection_, *stubs_->executors,
              &ExecutorService::Stub::ListExecutors, request);
}

absl::StatusOr<airlock::v1::CordonExecutorResponse> AirlockClient::Cordon(
    const airlock::v1::CordonExecutorRequest& request) {
  return Call(connection_, *stubs_->executors,
              &ExecutorService::Stub::CordonExecutor, request);
}

absl::StatusOr<airlock::v1::UncordonExecutorResponse> AirlockClient::Uncordon(
    const airlock::v1::UncordonExecutorRequest& request) {
  return Call(connection_, *stubs_->executors,
              &ExecutorService::Stub::UncordonExecutor, request);
}

absl::StatusOr<airlock::v1::DrainExecutorResponse> AirlockClient::Drain(
    const airlock::v1::DrainExecutorRequest& request) {
  return Call(connection_, *stubs_->executors,
              &ExecutorService::Stub::DrainExecutor, request);
}

absl::StatusOr<airlock::v1::ListAuditRecordsResponse>
AirlockClient::ListAuditRecords(
    const airlock::v1::ListAuditRecordsRequest& request) {
  return Call(connection_, *stubs_->audit,
              &AuditService::Stub::ListAuditRecords, request);
}

absl::StatusOr<airlock::v1::GetApprovalReportResponse>
AirlockClient::GetApprovalReport(
    const airlock::v1::GetApprovalReportRequest& request) {
  return Call(connection_, *stubs_->reports,
              &ReportService::Stub::GetApprovalReport, request);
}

std::unique_ptr<InputWriter> AirlockClient::MakeInputWriter() {
  return std::make_unique<GrpcInputWriter>(connection_, *stubs_->executions);
}

std::unique_ptr<EventStream> AirlockClient::Execute(
    const airlock::v1::ExecuteRequest& request, absl::Time deadline) {
  return std::make_unique<GrpcEventStream<airlock::v1::ExecuteResponse>>(
      connection_, deadline, [&](grpc::ClientContext& context) {
        return stubs_->executions->Execute(&context, request);
      });
}

std::unique_ptr<EventStream> AirlockClient::Watch(
    const airlock::v1::WatchExecutionRequest& request, absl::Time deadline) {
  return std::make_unique<GrpcEventStream<airlock::v1::WatchExecutionResponse>>(
      connection_, deadline, [&](grpc::ClientContext& context) {
        return stubs_->executions->WatchExecution(&context, request);
      });
}

std::unique_ptr<ApprovalStream> AirlockClient::WatchApprovals(
    const airlock::v1::WatchApprovalsRequest& request, absl::Time deadline) {
  return std::make_unique<GrpcApprovalStream>(
      connection_, deadline, [&](grpc::ClientContext& context) {
        return stubs_->approvals->WatchApprovals(&context, request);
      });
}

std::unique_ptr<AuditStream> AirlockClient::ExportAuditRecords(
    const airlock::v1::ExportAuditRecordsRequest& request,
    absl::Time deadline) {
  return std::make_unique<GrpcAuditStream>(
      connection_, deadline, [&](grpc::ClientContext& context) {
        return stubs_->audit->ExportAuditRecords(&context, request);
      });
}

std::unique_ptr<ReplayStream> AirlockClient::ReplayPolicy(
    const airlock::v1::ReplayPolicyRequest& request, absl::Time deadline) {
  return std::make_unique<GrpcReplayStream>(
      connection_, deadline, [&](grpc::ClientContext& context) {
        return stubs_->reports->ReplayPolicy(&context, request);
      });
}

void AirlockClient::WaitBeforeRetry(absl::Duration longest) {
  const absl::Time end = absl::Now() + longest;
  absl::SleepFor(std::min(longest, kShortestWait));
  // Connecting goes on only while somebody waits for it.
  stubs_->channel->WaitForConnected(absl::ToChronoTime(end));
}

}  // namespace airlock::cli
