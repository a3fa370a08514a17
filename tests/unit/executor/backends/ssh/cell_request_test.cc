#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/executor/backends/ssh/ssh_backend.h"
#include "services/executor/sandbox/runner_pids.h"
#include "tests/support/status_matchers.h"

namespace airlock::executor {
namespace {

using testing::HasSubstr;

SandboxSpec GoodSpec() {
  SandboxSpec spec;
  spec.memory_bytes = 1 << 20;
  spec.cpu_millis = 500;
  spec.pids = 10;
  spec.workspace_bytes = 2 << 20;
  spec.tmp_bytes = 3 << 20;
  spec.inodes = 100;
  spec.user = "65534:65533";
  return spec;
}

TEST(CellRequestTest, EveryLimitIsAskedFor) {
  const auto request = CellRequest(GoodSpec());

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->memory_bytes(), 1U << 20U);
  EXPECT_EQ(request->cpu_millis(), 500U);
  EXPECT_EQ(request->pids(), 10U + kRunnerPids);
  EXPECT_EQ(request->workspace_bytes(), 2U << 20U);
  EXPECT_EQ(request->tmp_bytes(), 3U << 20U);
  EXPECT_EQ(request->inodes(), 100U);
  EXPECT_EQ(request->uid(), 65534U);
  EXPECT_EQ(request->gid(), 65533U);
  EXPECT_FALSE(request->network());
  EXPECT_FALSE(request->best_effort());
}

TEST(CellRequestTest, OnlyAModeWithNetworkAsksForOne) {
  SandboxSpec spec = GoodSpec();
  spec.network_mode = "bridge";
  const auto request = CellRequest(spec);

  ASSERT_THAT(request, IsOk());
  EXPECT_TRUE(request->network());
}

TEST(CellRequestTest, WhatAHostDoesNotHaveIsRefused) {
  SandboxSpec image = GoodSpec();
  image.image = "debian";
  SandboxSpec mount = GoodSpec();
  mount.mounts.push_back({"/data", "/data", false});
  SandboxSpec runtime = GoodSpec();
  runtime.runtime = "runsc";
  SandboxSpec root = GoodSpec();
  root.user = "0:0";
  SandboxSpec unlimited = GoodSpec();
  unlimited.memory_bytes = 0;

  EXPECT_THAT(CellRequest(image).status().message(), HasSubstr("spec.image"));
  EXPECT_THAT(CellRequest(mount).status().message(), HasSubstr("spec.mounts"));
  EXPECT_THAT(CellRequest(runtime).status().message(),
              HasSubstr("spec.runtime"));
  EXPECT_THAT(CellRequest(root).status().message(), HasSubstr("spec.user"));
  EXPECT_THAT(CellRequest(unlimited).status().message(),
              HasSubstr("spec.memory_bytes"));
}

}  // namespace
}  // namespace airlock::executor
