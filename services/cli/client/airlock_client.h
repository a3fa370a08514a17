// The public services, as this program calls them.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/executor.pb.h"
#include "airlock/v1/policy.pb.h"
#include "airlock/v1/session.pb.h"
#include "common/security/secret.h"
#include "services/cli/client/connection.h"
#include "services/cli/client/event_stream.h"
#include "services/cli/client/input_writer.h"

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
  // The exception: called once, as a second call would find the session of the
  // first.
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

  // Must not outlive this.
  std::unique_ptr<InputWriter> MakeInputWriter();

  // Streams, not tried again by themselves. They must not outlive this.
  std::unique_ptr<EventStream> Execute(
      const airlock::v1::ExecuteRequest& request, absl::Time deadline);
  std::unique_ptr<EventStream> Watch(
      const airlock::v1::WatchExecutionRequest& request, absl::Time deadline);

 private:
  struct Stubs;

  AirlockClient(Connection connection, std::unique_ptr<Stubs> stubs);

  const Connection connection_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace airlock::cli
