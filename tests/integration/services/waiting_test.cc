// What waits and why, through all three services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/services/stack.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::ListWaitingExecutionsRequest;
using airlock::v1::ListWaitingExecutionsResponse;
using airlock::v1::WaitingExecution;

class WaitingTest : public testing::Test {
 protected:
  // Ends what was begun.
  ~WaitingTest() override {
    for (auto& call : calls_) call.context->TryCancel();
    for (auto& call : calls_) {
      airlock::v1::ExecuteResponse rest;
      while (call.reader->Read(&rest)) continue;
      call.reader->Finish();
    }
  }

  // Asks for something that runs long, and reads the first event.
  std::string Begin(const std::string& agent) {
    airlock::v1::ExecuteRequest request = Command({"sleep", "25"});
    request.set_cancel_on_disconnect(true);
    Call& call = calls_.emplace_back();
    call.context = Stack::As(agent);
    call.reader = client_->Execute(call.context.get(), request);
    airlock::v1::ExecuteResponse response;
    EXPECT_TRUE(call.reader->Read(&response));
    return response.event().accepted().id();
  }
  absl::StatusOr<ListWaitingExecutionsResponse> Ask(
      const std::string& principal, const std::string& agent = "") {
    ListWaitingExecutionsRequest request;
    request.set_agent(agent);
    ListWaitingExecutionsResponse response;
    const absl::Status status = FromGrpcStatus(client_->ListWaitingExecutions(
        Stack::As(principal).get(), request, &response));
    if (!status.ok()) return status;
    return response;
  }
  // What an operator is told, once it is for these reasons.
  ListWaitingExecutionsResponse WaitFor(
      const std::vector<WaitingExecution::Reason>& reasons) {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    std::vector<WaitingExecution::Reason> now;
    while (absl::Now() < give_up) {
      const auto told = Ask("olga");
      EXPECT_THAT(told, IsOk());
      now.clear();
      for (const WaitingExecution& waiting : told->waiting()) {
        now.push_back(waiting.reason());
      }
      if (now == reasons) return *told;
      absl::SleepFor(absl::Milliseconds(5));
    }
    EXPECT_EQ(now, reasons);
    return {};
  }

  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientReader<airlock::v1::ExecuteResponse>> reader;
  };

  Stack stack_;
  std::unique_ptr<airlock::v1::ExecutionService::Stub> client_ =
      stack_.Client();
  std::vector<Call> calls_;
};

TEST_F(WaitingTest, ReasonsFollowWhatHappens) {
  const std::string id = Begin("ada");
  const auto without = WaitFor({WaitingExecution::REASON_NO_EXECUTOR});
  EXPECT_EQ(without.waiting(0).execution().id(), id);
  EXPECT_TRUE(without.waiting(0).has_deadline());
  EXPECT_THAT(without.waiting(0).message(), testing::HasSubstr("docker"));

  stack_.StartExecutor("ex1", /*slots=*/1);
  stack_.backend("ex1").HoldCreates(true);
  WaitFor({WaitingExecution::REASON_PREPARING});
  Begin("ada");
  Begin("bob");
  WaitFor({WaitingExecution::REASON_PREPARING,
           WaitingExecution::REASON_NO_CREDIT,
           WaitingExecution::REASON_AGENT_SHARE});

  stack_.backend("ex1").HoldCreates(false);
  WaitFor({WaitingExecution::REASON_NO_CREDIT,
           WaitingExecution::REASON_AGENT_SHARE});
}

TEST_F(WaitingTest, AgentsSeeOnlyTheirOwn) {
  const std::string ada = Begin("ada");
  Begin("bob");
  WaitFor({WaitingExecution::REASON_NO_EXECUTOR,
           WaitingExecution::REASON_NO_EXECUTOR});

  const auto own = Ask("ada");
  ASSERT_THAT(own, IsOk());
  ASSERT_EQ(own->waiting_size(), 1);
  EXPECT_EQ(own->waiting(0).execution().id(), ada);
  EXPECT_THAT(Ask("ada", "bob"), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(ErrorReason(Ask("ada", "bob").status()), "OTHER_AGENT");
  const auto one = Ask("olga", "ada");
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->waiting_size(), 1);
}

}  // namespace
}  // namespace airlock
