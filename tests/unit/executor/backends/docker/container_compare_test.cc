#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/status/error.h"
#include "services/executor/backends/docker/container_spec.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json Body() {
  ContainerPlan plan;
  plan.spec.memory_bytes = 64U << 20U;
  plan.spec.cpu_millis = 1000;
  plan.spec.pids = 8;
  plan.spec.workspace_bytes = plan.spec.tmp_bytes = 1U << 20U;
  plan.spec.inodes = 100;
  plan.spec.user = "1:1";
  plan.spec.mounts = {{"/srv/data", "/data", false}};
  plan.image_id = "sha256:abc";
  plan.runner_volume = "vol";
  plan.seccomp_profile = "{}";
  plan.labels = {{"airlock.boot", "b"}};
  return CreateBody(plan);
}

// What a good engine makes of it.
json Inspected() {
  json body = Body();
  json inspected;
  inspected["Image"] = body["Image"];
  inspected["HostConfig"] = std::exchange(body["HostConfig"], nullptr);
  json& host = inspected["HostConfig"];
  host["MaskedPaths"] = {"/proc/kcore", "/proc/keys", "/proc/timer_list",
                         "/sys/firmware", "/proc/acpi"};
  host["ReadonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                           "/proc/sysrq-trigger"};
  host["CpuShares"] = 0;
  inspected["Config"] = body;
  inspected["Config"]["Env"].push_back("FROM_IMAGE=1");
  inspected["Config"]["Labels"]["from.image"] = "x";
  inspected["Config"]["Healthcheck"]["Interval"] = 1'000'000'000;
  inspected["Mounts"] = {{{"Type", "volume"},
                          {"Name", "vol"},
                          {"Source", "/var/lib/docker/volumes/vol/_data"},
                          {"Destination", "/airlock"},
                          {"RW", false}},
                         {{"Type", "bind"},
                          {"Source", "/srv/data"},
                          {"Destination", "/data"},
                          {"RW", false}}};
  return inspected;
}

TEST(ContainerCompareTest, WhatWasAskedForIsAccepted) {
  EXPECT_THAT(CompareContainer(Body(), Inspected()), IsOk());
}

TEST(ContainerCompareTest, NullAndAbsentAndEmptyAreOne) {
  json inspected = Inspected();
  json& host = inspected["HostConfig"];
  host["Binds"] = nullptr;
  host.erase("Devices");
  host["Sysctls"] = nullptr;
  host["OomKillDisable"] = nullptr;
  inspected["Config"]["Cmd"] = nullptr;

  EXPECT_THAT(CompareContainer(Body(), inspected), IsOk());
}

// Each hardening field of the host configuration, made weaker.
TEST(ContainerCompareTest, EveryWeakenedHostFieldIsRefusedByName) {
  const std::vector<std::pair<std::string, json>> weaker = {
      {"CapDrop", nullptr},
      {"CapDrop", json({"NET_RAW"})},
      {"CapAdd", json({"SYS_ADMIN"})},
      {"SecurityOpt", json({"no-new-privileges:true"})},
      {"SecurityOpt", json({"no-new-privileges:true", "seccomp=unconfined"})},
      {"ReadonlyRootfs", false},
      {"Privileged", true},
      {"NetworkMode", "default"},
      {"NetworkMode", "host"},
      {"IpcMode", "host"},
      {"IpcMode", "shareable"},
      {"CgroupnsMode", "host"},
      {"PidMode", "host"},
      {"UTSMode", "host"},
      {"UsernsMode", "host"},
      {"CgroupParent", "/elsewhere"},
      {"Memory", 0},
      {"Memory", 128U << 20U},
      {"MemorySwap", -1},
      {"MemorySwap", 0},
      {"NanoCpus", 0},
      {"PidsLimit", nullptr},
      {"PidsLimit", -1},
      {"ShmSize", 64U << 20U},
      {"OomScoreAdj", 0},
      {"OomKillDisable", true},
      {"Ulimits", nullptr},
      {"Tmpfs", nullptr},
      {"Tmpfs", {{"/workspace", "rw"}, {"/tmp", "rw"}}},
      {"Mounts", nullptr},
      {"Binds", json({"/:/host"})},
      {"VolumesFrom", json({"other"})},
      {"Devices", json::array({{{"PathOnHost", "/dev/kvm"}}})},
      {"DeviceRequests", json::array({{{"Count", -1}}})},
      {"DeviceCgroupRules", json({"a *:* rwm"})},
      {"GroupAdd", json({"docker"})},
      {"Sysctls", {{"kernel.msgmax", "1"}}},
      {"PublishAllPorts", true},
      {"LogConfig", {{"Type", "json-file"}, {"Config", json::object()}}},
      {"RestartPolicy", {{"Name", "always"}, {"MaximumRetryCount", 0}}},
      {"AutoRemove", true},
      {"Init", true},
      {"MaskedPaths", json::array()},
      {"MaskedPaths", json({"/proc/kcore"})},
      {"ReadonlyPaths", nullptr},
  };
  for (const auto& [field, value] : weaker) {
    json inspected = Inspected();
    inspected["HostConfig"][field] = value;

    const absl::Status status = CompareContainer(Body(), inspected);

    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("HostConfig." + field)))
        << value;
    EXPECT_EQ(ErrorReason(status), "SANDBOX_WEAKENED");
  }
}

TEST(ContainerCompareTest, EveryFieldThatIsAskedForIsLookedAt) {
  const json body = Body();
  for (const auto& [field, value] : body["HostConfig"].items()) {
    json inspected = Inspected();
    inspected["HostConfig"][field] = "something else";

    EXPECT_THAT(CompareContainer(body, inspected),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("HostConfig." + field)));
  }
  for (const auto& [field, value] : body.items()) {
    if (field == "HostConfig" || field == "Image") continue;
    json inspected = Inspected();
    inspected["Config"][field] = "something else";

    EXPECT_THAT(CompareContainer(body, inspected),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("Config." + field)));
  }
}

TEST(ContainerCompareTest, AnotherImageIsRefused) {
  json inspected = Inspected();
  inspected["Image"] = "sha256:other";

  EXPECT_THAT(CompareContainer(Body(), inspected),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Image")));
}

TEST(ContainerCompareTest, MountNobodyAskedForIsRefused) {
  json inspected = Inspected();
  inspected["Mounts"].push_back({{"Type", "volume"},
                                 {"Name", "anonymous"},
                                 {"Destination", "/data2"},
                                 {"RW", true}});

  EXPECT_THAT(
      CompareContainer(Body(), inspected),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Mounts")));
}

TEST(ContainerCompareTest, MountThatBecameWritableIsRefused) {
  for (const std::size_t index : {0U, 1U}) {
    json inspected = Inspected();
    inspected["Mounts"][index]["RW"] = true;

    EXPECT_THAT(
        CompareContainer(Body(), inspected),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("Mounts")));
  }
}

TEST(ContainerCompareTest, AnswersOfAnyShapeAreRefusedNotTrusted) {
  for (const json& inspected :
       {json(), json::array(), json("text"), json(1), json::object(),
        json({{"HostConfig", "x"}, {"Config", 3}, {"Mounts", true}})}) {
    EXPECT_THAT(CompareContainer(Body(), inspected),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace airlock::executor
