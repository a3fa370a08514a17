#include "tests/integration/cli/fake_airlock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

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

// The question, and the answer of who was asked.
std::vector<ExecutionEvent> AskedAndRejected() {
  ExecutionEvent asked;
  airlock::v1::Approval* approval = asked.mutable_approval();
  *approval = MakePendingApproval("ap9");
  approval->clear_view();
  approval->add_approvers("web:ann");
  ExecutionEvent answered = asked;
  approval = answered.mutable_approval();
  approval->set_state(airlock::v1::Approval::STATE_REJECTED);
  airlock::v1::ApprovalAnswer* answer = approval->add_answers();
  answer->set_answer(airlock::v1::ApprovalAnswer::ANSWER_REJECT);
  answer->set_approver("web:ann");
  answer->set_comment("not today");
  ExecutionEvent completed;
  Execution* execution = completed.mutable_completed();
  execution->set_id(kId);
  execution->set_state(Execution::STATE_REJECTED);
  execution->set_approval_id("ap9");
  execution->set_state_message("not today");
  return {asked, answered, completed};
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
      {airlock::v1::ExecutorService::service_full_name(), &executors_},
      {airlock::v1::AuditService::service_full_name(), &audit_},
      {airlock::v1::ApprovalService::service_full_name(), &approvals_},
      {airlock::v1::StandingApprovalService::service_full_name(), &standing_},
      {airlock::v1::PolicyService::service_full_name(), &policy_},
      {airlock::v1::ReportService::service_full_name(), &reports_}};
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
  if (verb == "deaf") {
    absl::MutexLock lock(&mutex_);
    is_deaf_ = true;
  }
  // From here on there may be input.
  send(Accepted());
  if (verb == "deny" || IsDenied(request->action().kind_case())) {
    send(Denied());
    return grpc::Status::OK;
  }
  if (verb == "ask") {
    for (const ExecutionEvent& event : AskedAndRejected()) send(event);
    return grpc::Status::OK;
  }
  if (!request->action().has_system_command()) {
    return DoFileAction(*context, *request, send);
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
  if (verb == "deaf") {
    WaitForCancel(*context);
    send(Ended(Outcome::ENDED_BY_CANCELLED, 0));
    return grpc::Status::OK;
  }
  if (verb == "echo" || verb == "first") Echo(verb == "first", send);
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

void FakeAirlock::Echo(bool only_first,
                       const std::function<void(const ExecutionEvent&)>& send) {
  std::size_t sent = 0;
  for (bool ended = false; !ended;) {
    std::string fresh;
    {
      const auto has_news = [this, sent]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return input_closed_ || input_.size() > sent;
      };
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&has_news), absl::Seconds(30));
      fresh = input_.substr(sent);
      ended = input_closed_ || only_first;
    }
    send(Out(fresh, sent));
    sent += fresh.size();
  }
}

grpc::Status FakeAirlock::WriteStdin(
    grpc::ServerContext* /*context*/,
    const airlock::v1::WriteStdinRequest* request,
    airlock::v1::WriteStdinResponse* response) {
  constexpr std::size_t kTakenAtOnce = 100'000;
  absl::MutexLock lock(&mutex_);
  if (is_deaf_) {
    return ToGrpcStatus(absl::InvalidArgumentError("not like this"));
  }
  if (request->offset() > input_.size()) {
    return ToGrpcStatus(absl::OutOfRangeError("a gap"));
  }
  const std::string fresh = request->data().substr(std::min<std::size_t>(
      request->data().size(), input_.size() - request->offset()));
  input_ += fresh.substr(0, kTakenAtOnce);
  input_closed_ = request->close() && fresh.size() <= kTakenAtOnce;
  // What was done is not always heard of.
  if (++writes_ % 5 == 0) return Gone();
  response->set_next_offset(input_.size());
  response->set_closed(input_closed_);
  return grpc::Status::OK;
}

grpc::Status FakeAirlock::ListExecutions(
    grpc::ServerContext* /*context*/,
    const airlock::v1::ListExecutionsRequest* request,
    airlock::v1::ListExecutionsResponse* response) {
  {
    absl::MutexLock lock(&mutex_);
    last_list_ = *request;
  }
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
  response->set_untold(7);
  return grpc::Status::OK;
}

airlock::v1::ListExecutionsRequest FakeAirlock::last_list() {
  absl::MutexLock lock(&mutex_);
  return last_list_;
}

void FakeAirlock::Deny(airlock::v1::Action::KindCase kind) {
  absl::MutexLock lock(&mutex_);
  denied_.insert(kind);
}

bool FakeAirlock::IsDenied(airlock::v1::Action::KindCase kind) {
  absl::MutexLock lock(&mutex_);
  return denied_.count(kind) > 0;
}

void FakeAirlock::LoseAfter(std::size_t bytes) {
  absl::MutexLock lock(&mutex_);
  lose_after_ = bytes;
}

void FakeAirlock::AwaitRequests(std::size_t count) {
  const auto are_there = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return requests_.size() >= count;
  };
  absl::MutexLock lock(&mutex_);
  EXPECT_TRUE(
      mutex_.AwaitWithTimeout(absl::Condition(&are_there), absl::Seconds(30)));
}

grpc::Status FakeAirlock::DoFileAction(
    const grpc::ServerContext& context,
    const airlock::v1::ExecuteRequest& request,
    const std::function<void(const ExecutionEvent&)>& send) {
  if (request.action().file_read().path() == "hang") {
    WaitForCancel(context);
    send(Ended(Outcome::ENDED_BY_CANCELLED, 0));
    return grpc::Status::OK;
  }
  FakeFiles::Result result = files_.Do(request);
  std::size_t lose_after = 0;
  if (request.action().has_file_read()) {
    absl::MutexLock lock(&mutex_);
    lose_after = std::exchange(lose_after_, 0);
  }
  constexpr std::size_t kPiece = 1 << 20;
  if (lose_after > 0) {
    send(Out(result.out.substr(0, lose_after)));
    send(Out(result.out.substr(2 * lose_after), 2 * lose_after));
  } else {
    for (std::size_t at = 0; at < result.out.size(); at += kPiece) {
      send(Out(result.out.substr(at, kPiece), at));
    }
  }
  if (!result.err.empty()) {
    send(Output(airlock::v1::OUTPUT_STREAM_STDERR, 0, result.err));
  }
  ExecutionEvent ended = Ended(Outcome::ENDED_BY_EXITED, result.exit_code);
  ended.mutable_completed()->mutable_outcome()->set_reason(result.reason);
  send(ended);
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
