// What a probe says, how it is judged, and what the self-test makes of it.
#include "services/executor/sandbox/self_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/support/fake_sandbox_backend.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::SizeIs;

constexpr absl::Duration kWait = absl::Seconds(10);

SandboxSpec Spec() {
  SandboxSpec spec;
  spec.image = "airlock/sandbox:latest";
  spec.memory_bytes = std::uint64_t{1} << 40U;
  spec.cpu_millis = 64'000;
  spec.pids = 4096;
  spec.workspace_bytes = std::uint64_t{1} << 38U;
  spec.tmp_bytes = std::uint64_t{1} << 36U;
  spec.inodes = 1 << 20;
  spec.network_mode = "bridge";
  spec.user = "1234:5678";
  spec.mounts = {{"/data", "/data", true}};
  return spec;
}

class SelfTestTest : public testing::Test {
 protected:
  absl::Status Run() { return test_.Run(absl::Now() + kWait); }

  FakeSandboxBackend backend_;
  prometheus::Registry registry_;
  ExecutorMetrics metrics_{registry_};
  SandboxReaper reaper_{1, 16, metrics_};
  SelfTest test_{{Spec(), {}}, backend_, reaper_, metrics_};
};

TEST_F(SelfTestTest, EveryLimitHoldsInASmallSandboxOfTheSameKind) {
  EXPECT_THAT(Run(), IsOk());

  EXPECT_THAT(test_.checks(), SizeIs(12));
  EXPECT_THAT(test_.checks(), Each(Field(&EnforcementCheck::ok, true)));
  ASSERT_THAT(backend_.created_specs(), SizeIs(1));
  const SandboxSpec spec = backend_.created_specs().front();
  EXPECT_EQ(spec.user, "1234:5678");
  EXPECT_LE(spec.memory_bytes, std::uint64_t{64} << 20U);
  EXPECT_EQ(spec.network_mode, "none");
  EXPECT_EQ(spec.pull_policy, "never");
  EXPECT_TRUE(spec.mounts.empty());
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait)) << "it is removed";
}

TEST_F(SelfTestTest, LimitThatDoesNotHoldIsNamedAndTriedAgain) {
  backend_.SetProbeLine("pids", "created=48 error=none");

  const absl::Status status = Run();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("pids"), HasSubstr("48"))));
  EXPECT_EQ(ErrorReason(status), "LIMITS_NOT_ENFORCED");
  EXPECT_THAT(test_.checks(),
              Contains(AllOf(Field(&EnforcementCheck::name, "pids"),
                             Field(&EnforcementCheck::ok, false))));

  backend_.SetProbeLine("pids", "");
  EXPECT_THAT(Run(), IsOk());
}

TEST_F(SelfTestTest, OnlyWhatMayFailIsToldAndNoFailure) {
  backend_.SetProbeLine("pids", "created=48 error=none");
  SelfTest test({Spec(), {"pids", "cpu"}}, backend_, reaper_, metrics_);

  EXPECT_THAT(test.Run(absl::Now() + kWait), IsOk());

  EXPECT_THAT(test.checks(),
              Contains(AllOf(Field(&EnforcementCheck::name, "pids"),
                             Field(&EnforcementCheck::ok, false))));
  backend_.SetProbeLine("seccomp", "mode=0 user_namespace=none");
  EXPECT_FALSE(test.Run(absl::Now() + kWait).ok());
}

TEST_F(SelfTestTest, MissingImageIsNotAFailure) {
  SandboxSpec spec = Spec();
  spec.image = "airlock/no-such-image:1";
  SelfTest test({spec, {}}, backend_, reaper_, metrics_);

  EXPECT_THAT(test.Run(absl::Now() + kWait),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(test.checks().empty());
}

TEST_F(SelfTestTest, SandboxThatCannotBeRemovedAtOnceIsRemovedLater) {
  backend_.FailNextDestroys(1);

  EXPECT_THAT(Run(), IsOk());

  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

TEST_F(SelfTestTest, NothingIsProvenAfterTheDeadline) {
  EXPECT_FALSE(test_.Run(absl::Now() - absl::Seconds(1)).ok());
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

// A line of the probe that must not be taken for a limit that holds.
struct Weakness {
  const char* check;
  const char* line;
  const char* values;
};

class JudgeProbeTest : public testing::TestWithParam<Weakness> {};

TEST_P(JudgeProbeTest, WeaknessIsNotTakenForALimitThatHolds) {
  FakeSandboxBackend backend;
  prometheus::Registry registry;
  ExecutorMetrics metrics{registry};
  SandboxReaper reaper{1, 16, metrics};
  SelfTest test{{Spec(), {}}, backend, reaper, metrics};
  backend.SetProbeLine(GetParam().line, GetParam().values);

  EXPECT_FALSE(test.Run(absl::Now() + kWait).ok());

  for (const EnforcementCheck& check : test.checks()) {
    if (check.name != GetParam().check) continue;
    EXPECT_FALSE(check.ok);
    EXPECT_THAT(check.message, Not(testing::IsEmpty()));
  }
}

const std::vector<Weakness> kWeaknesses = {
    {"user", "user",
     "uid=0 effective_uid=0 saved_uid=0 gid=0 effective_gid=0 saved_gid=0 "
     "other_groups=none"},
    {"user", "user",
     "uid=1234 effective_uid=1234 saved_uid=0 gid=5678 effective_gid=5678 "
     "saved_gid=5678 other_groups=none"},
    {"user", "user",
     "uid=1234 effective_uid=1234 saved_uid=1234 gid=5678 effective_gid=5678 "
     "saved_gid=5678 other_groups=0"},
    {"capabilities", "capabilities",
     "inheritable=0 permitted=0 effective=0 bounding=00000000a80425fb "
     "ambient=0"},
    {"capabilities", "capabilities", "inheritable=0 permitted=0 effective=0"},
    {"privileges", "privileges", "no_new=0"},
    {"seccomp", "seccomp", "mode=0 user_namespace=EPERM"},
    {"seccomp", "seccomp", "mode=2 user_namespace=none"},
    {"root", "root", "read_only=0 write=EACCES"},
    {"root", "root", "read_only=1 write=none"},
    {"network", "network", "up=eth0 connect=ENETUNREACH"},
    {"network", "network", "up=none connect=EINPROGRESS"},
    {"network", "network", "up=none connect=ECONNREFUSED"},
    {"cpu", "cpu", "quota_us=-1 period_us=100000"},
    {"cpu", "cpu", "quota_us=max period_us=100000"},
    {"cpu", "cpu", "quota_us=100001 period_us=100000"},
    {"cpu", "cpu", "quota_us=100000 period_us=0"},
    {"disk", "disk",
     "workspace=16777216 workspace_error=none tmp=0 tmp_error=ENOSPC shm=0 "
     "shm_error=ENOSPC"},
    {"disk", "disk",
     "workspace=9000000 workspace_error=ENOSPC tmp=0 tmp_error=ENOSPC shm=0 "
     "shm_error=ENOSPC"},
    {"disk", "disk",
     "workspace=0 workspace_error=ENOSPC tmp=1500000 tmp_error=ENOSPC "
     "shm=1500000 shm_error=ENOSPC"},
    {"disk", "disk",
     "workspace=0 workspace_error=EACCES tmp=0 tmp_error=ENOSPC shm=0 "
     "shm_error=ENOSPC"},
    {"inodes", "inodes",
     "workspace=528 workspace_error=none tmp=9 tmp_error=ENOSPC"},
    {"inodes", "inodes",
     "workspace=9 workspace_error=ENOSPC tmp=256 tmp_error=ENOSPC"},
    {"pids", "pids", "created=17 error=EAGAIN"},
    {"pids", "pids", "created=3 error=ENOMEM"},
    {"memory", "memory", "limit=67108864 swap=0 used=134217728 signal=0"},
    {"memory", "memory", "limit=67108864 swap=0 used=73400320 signal=9"},
    {"memory", "memory",
     "limit=9223372036854771712 swap=0 used=1048576 signal=9"},
    {"swap", "memory", "limit=67108864 swap=max used=1048576 signal=9"},
    {"swap", "memory",
     "limit=67108864 limit_with_swap=134217728 used=1048576 signal=9"},
    {"swap", "memory", "limit=67108864 used=1048576 signal=9"},
    // Values that are no numbers, and a line within a line.
    {"pids", "pids", "created= error=EAGAIN"},
    {"pids", "pids", "created=3 error=EAGAIN\npids created=3 error=EAGAIN"}};

INSTANTIATE_TEST_SUITE_P(Weaknesses, JudgeProbeTest,
                         testing::ValuesIn(kWeaknesses));

TEST(JudgeNothingTest, WhatWasNotToldDoesNotHold) {
  const auto checks = JudgeProbe(Spec(), "");

  EXPECT_THAT(checks, SizeIs(12));
  EXPECT_THAT(checks, Each(Field(&EnforcementCheck::ok, false)));
  EXPECT_THAT(JudgeProbe(Spec(), "=\n= =\npids\npids =\nmemory limit"),
              Each(Field(&EnforcementCheck::ok, false)));
}

}  // namespace
}  // namespace airlock::executor
