#include "tests/integration/cli/fake_airlock.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/cli/authorization.h"

namespace airlock {
namespace {

using airlock::v1::Execution;
using airlock::v1::ExecutionEvent;
using airlock::v1::Outcome;

constexpr const char* kId = "ex1";

ExecutionEvent Accepted() {
  ExecutionEvent event;
  event.mutable_accepted()->set_id(kId);
  event.mutable_accepted()->set_state(Execution::STATE_QUEUED);
  return event;
}

ExecutionEvent Output(airlock::v1::OutputStream stream, std::uint64_t offset,
                      const std::string& data) {
  ExecutionEvent event;
  event.mutable_output()->set_stream(stream);
  event.mutable_output()->set_offset(offset);
  event.mutable_output()->set_data(data);
  return event;
}

ExecutionEvent Out(const std::string& data, std::uint64_t offset = 0) {
  return Output(airlock::v1::OUTPUT_STREAM_STDOUT, offset, data);
}

ExecutionEvent Ended(Outcome::EndedBy ended_by, int exit_code) {
  ExecutionEvent event;
  Execution* execution = event.mutable_completed();
  execution->set_id(kId);
  execution->set_state(Execution::STATE_FINISHED);
  execution->mutable_outcome()->set_ended_by(ended_by);
  if (ended_by == Outcome::ENDED_BY_EXITED) {
    execution->mutable_outcome()->set_exit_code(exit_code);
  }
  return event;
}

ExecutionEvent Denied() {
  ExecutionEvent event;
  Execution* execution = event.mutable_completed();
  execution->set_id(kId);
  execution->set_state(Execution::STATE_DENIED);
  execution->mutable_decision()->set_rule("autonomy.blockedActions");
  execution->mutable_decision()->set_reason("BLOCKED_ACTION");
  execution->mutable_decision()->set_explanation("no \x1b[2J");
  return event;
}

grpc::Status Gone() {
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
}

}  // namespace

FakeAirlock::FakeAirlock() {
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.credentials = grpc::InsecureServerCredentials();
  options.services = {
      {airlock::v1::ExecutionService::service_full_name(), this},
      {airlock::v1::SessionService::service_full_name(), &sessions_},
      {airlock::v1::ExecutorService::service_full_name(), &executors_}};
  auto server = RpcServer::Start(options);
  EXPECT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
}

FakeAirlock::~FakeAirlock() { server_.reset(); }

std::string FakeAirlock::endpoint() const {
  return absl::StrCat("127.0.0.1:", server_->port());
}

std::vector<std::string> FakeAirlock::authorizations() {
  absl::MutexLock lock(&mutex_);
  return authorizations_;
}

std::vector<airlock::v1::ExecuteRequest> FakeAirlock::requests() {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

std::vector<airlock::v1::WatchExecutionRequest> FakeAirlock::watches() {
  absl::MutexLock lock(&mutex_);
  return watches_;
}

grpc::Status FakeAirlock::Execute(
    grpc::ServerContext* context, const airlock::v1::ExecuteRequest* request,
    grpc::ServerWriter<airlock::v1::ExecuteResponse>* writer) {
  std::size_t times = 0;
  {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(*request);
    times = requests_.size();
    authorizations_.push_back(AuthorizationOf(*context));
  }
  const auto send = [writer](const ExecutionEvent& event) {
    airlock::v1::ExecuteResponse response;
    *response.mutable_event() = event;
    writer->Write(response);
  };
  const auto& command = request->action().system_command();
  const std::string verb =
      command.argv().args().empty() ? "" : command.argv().args(0);
  if (verb == "flaky" && times == 1) return Gone();
  if (verb == "invalid") {
    FieldViolations violations;
    violations.Add("action.system_command", "must be something else");
    violations.Add("timeout", "must be shorter");
    return ToGrpcStatus(violations.ToStatus());
  }
  send(Accepted());
  if (verb == "deny") {
    send(Denied());
    return grpc::Status::OK;
  }
  if (verb == "break" || verb == "vanish") {
    send(Out("abc"));
    return Gone();
  }
  if (verb == "hang") {
    send(Out("begun\n"));
    WaitForCancel(*context);
    send(Ended(Outcome::ENDED_BY_CANCELLED, 0));
    return grpc::Status::OK;
  }
  if (verb == "cat") send(Out(command.input().stdin()));
  if (verb == "exit") {
    send(Out("out"));
    send(Output(airlock::v1::OUTPUT_STREAM_STDERR, 0, "err"));
  }
  send(Ended(Outcome::ENDED_BY_EXITED,
             verb == "exit" ? std::atoi(command.argv().args(1).c_str()) : 0));
  return grpc::Status::OK;
}

grpc::Status FakeAirlock::WatchExecution(
    grpc::ServerContext* /*context*/,
    const airlock::v1::WatchExecutionRequest* request,
    grpc::ServerWriter<airlock::v1::WatchExecutionResponse>* writer) {
  bool vanished = false;
  {
    absl::MutexLock lock(&mutex_);
    watches_.push_back(*request);
    vanished =
        !requests_.empty() &&
        requests_.back().action().system_command().argv().args(0) == "vanish";
  }
  if (vanished || request->id() != kId) {
    return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound,
                                  "EXECUTION_NOT_FOUND", "no such execution"));
  }
  const auto send = [writer](const ExecutionEvent& event) {
    airlock::v1::WatchExecutionResponse response;
    *response.mutable_event() = event;
    writer->Write(response);
  };
  send(Accepted());
  // One byte too early: what was received already must not be shown twice.
  const std::uint64_t from =
      request->stdout_offset() > 0 ? request->stdout_offset() - 1 : 0;
  send(Out(std::string("abcdef").substr(from), from));
  send(Ended(Outcome::ENDED_BY_EXITED, 5));
  return grpc::Status::OK;
}

grpc::Status FakeAirlock::CancelExecution(
    grpc::ServerContext* /*context*/,
    const airlock::v1::CancelExecutionRequest* request,
    airlock::v1::CancelExecutionResponse* response) {
  absl::MutexLock lock(&mutex_);
  cancelled_ = request->id() == kId;
  response->mutable_execution()->set_id(request->id());
  return grpc::Status::OK;
}

grpc::Status FakeAirlock::ListExecutions(
    grpc::ServerContext* /*context*/,
    const airlock::v1::ListExecutionsRequest* request,
    airlock::v1::ListExecutionsResponse* response) {
  // Three pages of one.
  const int page = std::atoi(request->page_token().c_str());
  response->add_executions()->set_id(absl::StrCat("ex", page, "\u202E"));
  if (page < 2) response->set_next_page_token(absl::StrCat(page + 1));
  return grpc::Status::OK;
}

grpc::Status FakeAirlock::ListWaitingExecutions(
    grpc::ServerContext* context,
    const airlock::v1::ListWaitingExecutionsRequest* request,
    airlock::v1::ListWaitingExecutionsResponse* response) {
  absl::MutexLock lock(&mutex_);
  authorizations_.push_back(AuthorizationOf(*context));
  airlock::v1::WaitingExecution& waiting = *response->add_waiting();
  waiting.mutable_execution()->set_id(kId);
  waiting.mutable_execution()->set_agent(request->agent());
  waiting.set_reason(airlock::v1::WaitingExecution::REASON_SESSION_BUSY);
  waiting.set_message("another runs in its session \x1b[2J");
  waiting.mutable_deadline()->set_seconds(1'790'000'000);
  return grpc::Status::OK;
}

void FakeAirlock::WaitForCancel(const grpc::ServerContext& context) {
  for (;;) {
    absl::MutexLock lock(&mutex_);
    if (cancelled_ || context.IsCancelled()) return;
    mutex_.AwaitWithTimeout(absl::Condition(&cancelled_),
                            absl::Milliseconds(50));
  }
}

}  // namespace airlock
