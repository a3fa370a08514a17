#include "services/policy/dispatch/spec_builder.h"

#include <gtest/gtest.h>

#include "airlock/internal/v1/spec.pb.h"
#include "common/config/config_file.h"
#include "services/policy/engine/sandbox_limits.h"

namespace airlock::policy {
namespace {

class SpecBuilderTest : public testing::Test {
 protected:
  SpecBuilderTest() {
    ConfigReading reading =
        ReadConfigText(R"({"sandbox":{"memoryLimit":"512m","timeout":30000}})");
    contract_ = ContractFromConfig(reading.config, reading.problems);
    request_.set_request_id("r1");
    request_.mutable_action()->mutable_code_exec()->set_language("python");
    request_.mutable_action()->mutable_code_exec()->set_code("print(1)");
  }

  airlock::internal::v1::ExecutionSpec Freeze() {
    airlock::internal::v1::ExecutionSpec spec;
    EXPECT_TRUE(spec.ParseFromString(
        FreezeSpec("e1", "ada", request_, contract_->defaults(),
                   FreezeSandbox(NarrowSandbox(contract_->defaults().sandbox,
                                               request_.limits()),
                                 "sha256:1"))
            .bytes));
    return spec;
  }

  std::shared_ptr<const Contract> contract_;
  airlock::v1::ExecuteRequest request_;
};

TEST_F(SpecBuilderTest, FreezesTheInterpreterAndTheSandbox) {
  const auto spec = Freeze();

  EXPECT_EQ(spec.interpreter().command(0), "python3");
  EXPECT_EQ(spec.interpreter().file_extension(), ".py");
  EXPECT_EQ(spec.sandbox().memory_bytes(), 512U << 20);
  EXPECT_EQ(spec.sandbox().image_id(), "sha256:1");
  EXPECT_EQ(spec.sandbox().network_mode(), "none");
  EXPECT_EQ(spec.timeout().seconds(), 30);
}

TEST_F(SpecBuilderTest, ImageThatIsAlwaysPulledIsNotPinnedToTheOldOne) {
  ConfigReading reading =
      ReadConfigText(R"({"sandbox":{"pullPolicy":"always"}})");
  contract_ = ContractFromConfig(reading.config, reading.problems);

  EXPECT_EQ(Freeze().sandbox().image_id(), "");
}

TEST_F(SpecBuilderTest, LimitsOnlyNarrow) {
  request_.mutable_limits()->set_memory_bytes(64 << 20);
  request_.mutable_limits()->set_pids(1'000'000);
  const auto spec = Freeze();

  EXPECT_EQ(spec.sandbox().memory_bytes(), 64U << 20);
  EXPECT_EQ(spec.sandbox().pids(), contract_->defaults().sandbox.pids);
  EXPECT_LE(spec.sandbox().workspace_bytes() + spec.sandbox().tmp_bytes(),
            32U << 20);
}

TEST_F(SpecBuilderTest, EveryByteChangesTheDigest) {
  const std::string before =
      FreezeSpec("e1", "ada", request_, contract_->defaults(), {}).digest;
  request_.mutable_action()->mutable_code_exec()->set_code("print(2)");

  EXPECT_NE(FreezeSpec("e1", "ada", request_, contract_->defaults(), {}).digest,
            before);
  EXPECT_EQ(before.size(), 32U);
}

TEST_F(SpecBuilderTest, HashOfARequestLeavesOutOnlyItsId) {
  const std::string before = HashRequest(request_);
  request_.set_request_id("r2");
  EXPECT_EQ(HashRequest(request_), before);

  request_.set_cancel_on_disconnect(true);

  EXPECT_NE(HashRequest(request_), before);
}

}  // namespace
}  // namespace airlock::policy
