#include "services/cli/client/airlock_client.h"

#include <grpc/grpc.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/executor.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "airlock/v1/session.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/status/error.h"

namespace airlock::cli {
namespace {

using airlock::v1::ExecutionService;
using airlock::v1::ExecutorService;
using airlock::v1::PolicyService;
using airlock::v1::SessionService;

constexpr absl::Duration kCallTimeout = absl::Seconds(30);
constexpr int kCallAttempts = 4;
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);

void Authorize(grpc::ClientContext& context, const Connection& connection) {
  context.AddMetadata("authorization",
                      absl::StrCat("Bearer ", connection.token.Reveal()));
}

// gRPC's own words about a broken connection tell people little.
absl::Status InWords(const grpc::Status& status, const std::string& endpoint) {
  absl::Status error = FromGrpcStatus(status);
  if (!absl::IsUnavailable(error) || !ErrorReason(error).empty()) return error;
  return MakeError(absl::StatusCode::kUnavailable, "CANNOT_CONNECT",
                   absl::StrCat("cannot reach Airlock at ", endpoint, ": ",
                                error.message(), "; see that it runs"),
                   {{"endpoint", endpoint}});
}

// gRPC shuts down with its last channel and then waits for its threads, ten
// milliseconds in which nothing happens. The process may end without that.
void KeepLibrary() {
  static const bool kept = [] {
    grpc_init();
    return true;
  }();
  static_cast<void>(kept);
}

// Which errors are worth another call.
enum class Retry { kWhileUnreachable, kNever };

// A unary method of a stub.
template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                      Response*);

// Calls until it works, until something else than the way there is wrong, or
// until it was tried often enough.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(const Connection& connection, Stub& stub,
                              Method<Stub, Request, Response> method,
                              const Request& request,
                              Retry retry = Retry::kWhileUnreachable) {
  const absl::Time deadline = absl::Now() + kCallTimeout;
  absl::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    Authorize(context, connection);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (status.ok()) return response;
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE ||
        retry == Retry::kNever || attempt == kCallAttempts ||
        absl::Now() + pause > deadline) {
      return InWords(status, connection.endpoint);
    }
    absl::SleepFor(pause);
    pause *= 2;
  }
}

// Reads `Response`s, each with an event.
template <typename Response>
class GrpcEventStream final : public EventStream {
 public:
  // `start` makes the call with the context it is given.
  template <typename Start>
  GrpcEventStream(const Connection& connection, absl::Time deadline,
                  const Start& start)
      : endpoint_(connection.endpoint) {
    SetDeadline(context_, deadline);
    Authorize(context_, connection);
    reader_ = start(context_);
  }

  ~GrpcEventStream() override { context_.TryCancel(); }

  bool Next(airlock::v1::ExecutionEvent& event) override {
    Response response;
    if (!reader_->Read(&response)) return false;
    event = std::move(*response.mutable_event());
    return true;
  }

  absl::Status Finish() override {
    return InWords(reader_->Finish(), endpoint_);
  }

 private:
  const std::string endpoint_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
};

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
    return InWords(status, connection_.endpoint);
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
  std::unique_ptr<ExecutionService::Stub> executions;
  std::unique_ptr<PolicyService::Stub> policy;
  std::unique_ptr<SessionService::Stub> sessions;
  std::unique_ptr<ExecutorService::Stub> executors;
};

absl::StatusOr<std::unique_ptr<AirlockClient>> AirlockClient::Connect(
    Connection connection) {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (connection.plain_text) {
    credentials = grpc::InsecureChannelCredentials();
  } else {
    absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> tls =
        TlsChannelCredentials(connection.ca_file, "ca");
    if (!tls.ok()) return tls.status();
    credentials = *std::move(tls);
  }
  KeepLibrary();
  const std::shared_ptr<grpc::Channel> channel =
      MakeChannel(connection.endpoint, credentials);
  auto stubs = std::make_unique<Stubs>();
  stubs->executions = ExecutionService::NewStub(channel);
  stubs->policy = PolicyService::NewStub(channel);
  stubs->sessions = SessionService::NewStub(channel);
  stubs->executors = ExecutorService::NewStub(channel);
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

}  // namespace airlock::cli
