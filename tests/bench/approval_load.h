// The part of airlock_load that asks humans, and answers for them.
#pragma once

#include <memory>
#include <string>

#include "airlock/v1/approval.grpc.pb.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "nlohmann/json.hpp"

namespace airlock {

// Actions that the policy asks about: code_exec. Answers with the token in
// AIRLOCK_APPROVER_TOKEN.
class ApprovalLoad {
 public:
  explicit ApprovalLoad(const std::string& target);

  // Asks so many questions, by so many clients at once, and attaches to none.
  nlohmann::json Raise(int count, int clients);

  // Asks and approves, one after another, in the session. The answer has the
  // microseconds from when the approval was sent to when the process was told
  // to run.
  nlohmann::json Approve(int count, const std::string& session);

 private:
  std::unique_ptr<airlock::v1::ExecutionService::Stub> executions_;
  std::unique_ptr<airlock::v1::ApprovalService::Stub> approvals_;
};

}  // namespace airlock
