#include "services/policy/engine/session_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/contract_from_text.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using testing::HasSubstr;

class SessionRequestsTest : public testing::Test {
 protected:
  absl::Status Validate() const {
    return ValidateCreateSession(request_, contract_->defaults());
  }

  const std::shared_ptr<const Contract> contract_ =
      ContractFromText(R"({"sandbox": {"memoryLimit": "128m"}})");
  airlock::v1::CreateSessionRequest request_;
};

TEST_F(SessionRequestsTest, NeedsAName) {
  EXPECT_THAT(Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("name must be 1 to 64")));
  request_.set_name("work");
  EXPECT_THAT(Validate(), IsOk());
}

TEST_F(SessionRequestsTest, LimitsOnlyNarrow) {
  request_.set_name("work");
  request_.mutable_limits()->set_memory_bytes(64 << 20);
  EXPECT_THAT(Validate(), IsOk());

  request_.mutable_limits()->set_memory_bytes(256 << 20);

  EXPECT_THAT(Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("limits.memory_bytes")));
}

TEST_F(SessionRequestsTest, NoneWhereNothingMayRun) {
  const auto disabled = ContractFromText(R"({"sandbox":{"enabled":false}})");
  request_.set_name("work");

  const absl::Status status =
      ValidateCreateSession(request_, disabled->defaults());

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("sandbox.enabled is false")));
  EXPECT_EQ(ErrorReason(status), "SANDBOX_DISABLED");
}

}  // namespace
}  // namespace airlock::policy
