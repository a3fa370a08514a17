#include "services/executor/backends/docker/container_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/executor/sandbox/runner_pids.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using nlohmann::json;
using testing::HasSubstr;

ContainerPlan Plan() {
  ContainerPlan plan;
  plan.spec.image = "image:1";
  plan.spec.memory_bytes = 256U << 20U;
  plan.spec.cpu_millis = 1500;
  plan.spec.pids = 10;
  plan.spec.workspace_bytes = 64U << 20U;
  plan.spec.tmp_bytes = 64U << 20U;
  plan.spec.inodes = 100;
  plan.spec.user = "1000:1001";
  plan.image_id = "sha256:abc";
  plan.runner_volume = "airlock-runner-x";
  plan.seccomp_profile = "{}";
  plan.labels = {{"airlock.boot", "b"}};
  return plan;
}

TEST(ContainerSpecTest, EveryHardeningFieldIsAskedFor) {
  const json body = CreateBody(Plan());
  const json& host = body["HostConfig"];

  EXPECT_EQ(host["CapDrop"], json({"ALL"}));
  EXPECT_EQ(host["SecurityOpt"],
            json({"no-new-privileges:true", "seccomp={}"}));
  EXPECT_EQ(host["ReadonlyRootfs"], true);
  EXPECT_EQ(host["Privileged"], false);
  EXPECT_EQ(host["IpcMode"], "private");
  EXPECT_EQ(host["CgroupnsMode"], "private");
  EXPECT_EQ(host["NetworkMode"], "none");
  EXPECT_EQ(host["LogConfig"]["Type"], "none");
  EXPECT_EQ(host["RestartPolicy"]["Name"], "no");
  EXPECT_EQ(host["AutoRemove"], false);
  EXPECT_EQ(host["Init"], false);
  EXPECT_EQ(body["User"], "1000:1001");
  EXPECT_EQ(body["NetworkDisabled"], true);
  EXPECT_EQ(body["Healthcheck"]["Test"], json({"NONE"}));
  EXPECT_EQ(body["Entrypoint"], json({"/airlock/airlock-runner"}));
}

TEST(ContainerSpecTest, EveryLimitIsAskedFor) {
  const json body = CreateBody(Plan());
  const json& host = body["HostConfig"];

  EXPECT_EQ(host["Memory"], 256U << 20U);
  EXPECT_EQ(host["MemorySwap"], 256U << 20U);
  EXPECT_EQ(host["NanoCpus"], 1'500'000'000U);
  EXPECT_EQ(host["PidsLimit"], 10U + kRunnerPids);
  EXPECT_EQ(host["Tmpfs"]["/workspace"],
            "rw,nosuid,nodev,exec,size=67108864,nr_inodes=100,uid=1000,"
            "gid=1001,mode=0700");
}

TEST(ContainerSpecTest, ParallelSandboxHasRoomForAKeeperBesideEachProcess) {
  ContainerPlan plan = Plan();
  plan.spec.parallel = true;
  EXPECT_EQ(CreateBody(plan)["HostConfig"]["PidsLimit"],
            10U + kRunnerPids + 10U);

  plan.spec.pids = 1000;
  EXPECT_EQ(CreateBody(plan)["HostConfig"]["PidsLimit"],
            1000U + kRunnerPids + 256U);
}

TEST(ContainerSpecTest, SharedMemoryIsTakenFromTmp) {
  const json body = CreateBody(Plan());
  const json& host = body["HostConfig"];

  EXPECT_EQ(host["ShmSize"], 8U << 20U);
  EXPECT_EQ(host["Tmpfs"]["/tmp"],
            "rw,nosuid,nodev,noexec,size=58720256,nr_inodes=100,mode=1777");
}

TEST(ContainerSpecTest, VolumesOfTheImageBecomeEmptyAndReadOnly) {
  ContainerPlan plan = Plan();
  plan.image_volumes = {"/data//x/", "/workspace", "/tmp/", "/airlock"};

  const json body = CreateBody(plan);
  const json& tmpfs = body["HostConfig"]["Tmpfs"];

  EXPECT_EQ(tmpfs.size(), 3U);
  EXPECT_THAT(tmpfs["/data/x"].get<std::string>(), HasSubstr("ro,"));
  EXPECT_THAT(tmpfs["/workspace"].get<std::string>(), HasSubstr("rw,"));
  EXPECT_THAT(tmpfs["/tmp"].get<std::string>(), HasSubstr("rw,"));
}

TEST(ContainerSpecTest, MountsAreNeitherRecursiveNorPropagated) {
  ContainerPlan plan = Plan();
  plan.spec.mounts = {{"/srv/data", "/data", false}};

  const json body = CreateBody(plan);
  const json& mount = body["HostConfig"]["Mounts"][1];

  EXPECT_EQ(mount["ReadOnly"], true);
  EXPECT_EQ(mount["BindOptions"]["NonRecursive"], true);
  EXPECT_EQ(mount["BindOptions"]["Propagation"], "rprivate");
}

TEST(ContainerSpecTest, BadSpecIsRefusedByField) {
  SandboxSpec spec = Plan().spec;
  EXPECT_THAT(CheckSpec(spec), IsOk());
  spec.image.clear();
  spec.pull_policy = "sometimes";
  spec.user = "root";
  spec.pids = 0;

  const absl::Status status = CheckSpec(spec);

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               testing::AllOf(HasSubstr("spec.image"),
                                              HasSubstr("spec.pull_policy"),
                                              HasSubstr("spec.user"),
                                              HasSubstr("spec.pids"))));
}

TEST(ContainerSpecTest, RootInAnySpellingIsRefused) {
  for (const char* user :
       {"", "0:0", "0:1", "1:0", "00:1", "+1:1", "1", "1:", ":1", "1:1:1",
        "-1:1", "a:b", " 1:1", "4294967296:1", "2147483647:1"}) {
    SandboxSpec spec = Plan().spec;
    spec.user = user;

    EXPECT_THAT(CheckSpec(spec), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("spec.user")));
  }
}

}  // namespace
}  // namespace airlock::executor
