#include "services/cli/client/airlock_client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "airlock/v1/policy.grpc.pb.h"
#include "common/rpc/channel.h"
#include "common/rpc/status.h"
#include "common/security/tls.h"
#include "common/status/error.h"

namespace airlock::cli {
namespace {

using airlock::v1::ExecutionService;
using airlock::v1::PolicyService;

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

// Calls until it works, until something else than the way there is wrong, or
// until it was tried often enough.
template <typename Response, typename Call>
absl::StatusOr<Response> CallWithRetry(const Connection& connection,
                                       const Call& call) {
  const absl::Time deadline = absl::Now() + kCallTimeout;
  absl::Duration pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    SetDeadline(context, deadline);
    Authorize(context, connection);
    Response response;
    const grpc::Status status = call(context, response);
    if (status.ok()) return response;
    if (status.error_code() != grpc::StatusCode::UNAVAILABLE ||
        attempt == kCallAttempts || absl::Now() + pause > deadline) {
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

}  // namespace

struct AirlockClient::Stubs {
  std::unique_ptr<ExecutionService::Stub> executions;
  std::unique_ptr<PolicyService::Stub> policy;
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
  const std::shared_ptr<grpc::Channel> channel =
      MakeChannel(connection.endpoint, credentials);
  auto stubs = std::make_unique<Stubs>();
  stubs->executions = ExecutionService::NewStub(channel);
  stubs->policy = PolicyService::NewStub(channel);
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
  return CallWithRetry<airlock::v1::GetExecutionResponse>(
      connection_, [&](grpc::ClientContext& context, auto& response) {
        return stubs_->executions->GetExecution(&context, request, &response);
      });
}

absl::StatusOr<airlock::v1::ListExecutionsResponse> AirlockClient::List(
    const airlock::v1::ListExecutionsRequest& request) {
  return CallWithRetry<airlock::v1::ListExecutionsResponse>(
      connection_, [&](grpc::ClientContext& context, auto& response) {
        return stubs_->executions->ListExecutions(&context, request, &response);
      });
}

absl::StatusOr<airlock::v1::CancelExecutionResponse> AirlockClient::Cancel(
    const airlock::v1::CancelExecutionRequest& request) {
  return CallWithRetry<airlock::v1::CancelExecutionResponse>(
      connection_, [&](grpc::ClientContext& context, auto& response) {
        return stubs_->executions->CancelExecution(&context, request,
                                                   &response);
      });
}

absl::StatusOr<airlock::v1::ExplainActionResponse> AirlockClient::Explain(
    const airlock::v1::ExplainActionRequest& request) {
  return CallWithRetry<airlock::v1::ExplainActionResponse>(
      connection_, [&](grpc::ClientContext& context, auto& response) {
        return stubs_->policy->ExplainAction(&context, request, &response);
      });
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
