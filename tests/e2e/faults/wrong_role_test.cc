// A peer with a good certificate of the wrong role.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/faults/cluster.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::Execution;

using WrongRoleTest = ClusterTest;

TEST_F(WrongRoleTest, ExecutorWithTheGatewaysCertificateGetsNoWork) {
  cluster_.config()["executor"]["tls"] =
      cluster_.config()["gateway"]["internalTls"];
  cluster_.StartPolicy();
  cluster_.StartGateway();
  cluster_.WaitGatewayReady();
  cluster_.StartExecutor();
  const auto refused =
      cluster_.executor().WaitForLog("policy did not answer", kPatience);

  ASSERT_TRUE(refused.has_value()) << cluster_.executor().output();
  EXPECT_THAT(refused->dump(), testing::HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(refused->dump(), testing::HasSubstr("PEER_ROLE_GATEWAY"));
  Call call(cluster_, Shell("echo never"));
  ASSERT_TRUE(call.Read());
  EXPECT_FALSE(cluster_.ExecutorServes("readiness").value_or(true));
  EXPECT_EQ(cluster_.Get(call.id()).state(), Execution::STATE_QUEUED);
  EXPECT_FALSE(
      cluster_.policy().WaitForLog("executor connected", absl::ZeroDuration()));
  call.Abandon();
}

TEST_F(WrongRoleTest, GatewayWithAnExecutorsCertificateReachesNothing) {
  cluster_.config()["gateway"]["internalTls"] =
      cluster_.config()["executor"]["tls"];
  cluster_.StartPolicy();
  cluster_.StartGateway();
  const Transcript told = cluster_.Execute(Shell("echo never"));

  EXPECT_FALSE(told.status.ok());
  EXPECT_EQ(told.id, "");
}

TEST_F(WrongRoleTest, PolicyWithAGatewaysCertificateIsNotTalkedTo) {
  cluster_.config()["policy"]["tls"] =
      cluster_.config()["gateway"]["internalTls"];
  cluster_.StartPolicy();
  cluster_.StartExecutor();

  EXPECT_TRUE(
      cluster_.executor().WaitForLog("policy did not answer", kPatience));
  EXPECT_FALSE(cluster_.ExecutorServes("readiness").value_or(true));
}

}  // namespace
}  // namespace airlock
