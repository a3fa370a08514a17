#include "tests/bench/approval_load.h"

#include <grpcpp/security/credentials.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"
#include "common/security/random.h"
#include "tests/bench/bench_client.h"

namespace airlock {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::ExecuteRequest;
using airlock::v1::ExecuteResponse;
using airlock::v1::Execution;
using airlock::v1::ExecutionEvent;
using nlohmann::json;
using Reader = grpc::ClientReader<ExecuteResponse>;

ExecuteRequest Code(const std::string& session) {
  ExecuteRequest request;
  request.set_request_id(RandomUuid());
  auto& code = *request.mutable_action()->mutable_code_exec();
  code.set_language("sh");
  // No two alike, as an agent's are not.
  code.set_code(absl::StrCat(": ", request.request_id(), "\n"));
  if (session != "-") request.set_session(session);
  return request;
}

// The next event with the property; a stream without one ends the process.
template <typename Property>
ExecutionEvent ReadUntil(Reader& reader, Property property) {
  ExecuteResponse response;
  while (reader.Read(&response)) {
    if (property(response.event())) return response.event();
  }
  StopBench(
      absl::StrCat("the stream ended: ", reader.Finish().error_message()));
}

Approval Asked(Reader& reader) {
  return ReadUntil(
             reader,
             [](const ExecutionEvent& event) { return event.has_approval(); })
      .approval();
}

}  // namespace

ApprovalLoad::ApprovalLoad(const std::string& target) {
  const auto channel = MakeChannel(target, grpc::InsecureChannelCredentials());
  executions_ = airlock::v1::ExecutionService::NewStub(channel);
  approvals_ = airlock::v1::ApprovalService::NewStub(channel);
}

json ApprovalLoad::Raise(int count, int clients) {
  std::atomic<int> left = count;
  const absl::Time begin = absl::Now();
  std::vector<std::thread> threads;
  threads.reserve(clients);
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) {
        const auto context = BenchContext();
        const auto reader = executions_->Execute(context.get(), Code("-"));
        Asked(*reader);
        context->TryCancel();
        // It was cut by this side, so its status says nothing.
        static_cast<void>(reader->Finish());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return {{"seconds", absl::ToDoubleSeconds(absl::Now() - begin)}};
}

json ApprovalLoad::Approve(int count, const std::string& session) {
  std::vector<double> micros;
  for (int i = 0; i < count; ++i) {
    const auto context = BenchContext();
    const auto reader = executions_->Execute(context.get(), Code(session));
    const Approval approval = Asked(*reader);
    airlock::v1::DecideApprovalRequest request;
    request.set_id(approval.id());
    request.set_digest(approval.digest());
    request.set_answer(ApprovalAnswer::ANSWER_APPROVE);
    airlock::v1::DecideApprovalResponse response;
    const absl::Time begin = absl::Now();
    const grpc::Status status = approvals_->DecideApproval(
        BenchContext("AIRLOCK_APPROVER_TOKEN").get(), request, &response);
    if (!status.ok()) StopBench(status.error_message());
    ReadUntil(*reader, [](const ExecutionEvent& event) {
      return event.state_change().to() == Execution::STATE_RUNNING;
    });
    micros.push_back(absl::ToDoubleMicroseconds(absl::Now() - begin));
    ReadUntil(*reader, [](const ExecutionEvent& event) {
      return event.has_completed();
    });
    const grpc::Status end = reader->Finish();
    if (!end.ok()) StopBench(end.error_message());
  }
  return {{"micros", std::move(micros)}};
}

}  // namespace airlock
