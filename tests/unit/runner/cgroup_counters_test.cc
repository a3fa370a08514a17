#include "services/runner/cgroup_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace airlock::runner {
namespace {

class CgroupCountersTest : public testing::Test {
 protected:
  CgroupCountersTest() {
    char path[] = "/tmp/airlock-cgroup-test-XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    root_ = path;
  }
  ~CgroupCountersTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = root_ + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  std::string root_;
};

TEST_F(CgroupCountersTest, VersionOneIsRead) {
  Write("cpuacct/cpuacct.usage", "123456789\n");
  Write("memory/memory.max_usage_in_bytes", "4096\n");
  Write("memory/memory.oom_control",
        "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  Write("pids/pids.events", "max 3\n");
  Write("cpu/cpu.stat", "nr_periods 9\nnr_throttled 4\nthrottled_time 1\n");

  const CgroupCounters counters = ReadCgroupCounters(root_);

  EXPECT_EQ(counters.cpu_time_us, 123456U);
  EXPECT_EQ(counters.peak_memory_bytes, 4096U);
  EXPECT_EQ(counters.oom_kills, 2U);
  EXPECT_EQ(counters.pids_refusals, 3U);
  EXPECT_EQ(counters.throttled_periods, 4U);
}

TEST_F(CgroupCountersTest, VersionTwoIsRead) {
  Write("cgroup.controllers", "cpu memory pids\n");
  Write("cpu.stat", "usage_usec 77\nuser_usec 1\nnr_throttled 5\n");
  Write("memory.peak", "8192\n");
  Write("memory.events", "low 0\noom 1\noom_kill 6\noom_group_kill 0\n");
  Write("pids.events", "max 7\n");

  const CgroupCounters counters = ReadCgroupCounters(root_);

  EXPECT_EQ(counters.cpu_time_us, 77U);
  EXPECT_EQ(counters.peak_memory_bytes, 8192U);
  EXPECT_EQ(counters.oom_kills, 6U);
  EXPECT_EQ(counters.pids_refusals, 7U);
  EXPECT_EQ(counters.throttled_periods, 5U);
}

TEST_F(CgroupCountersTest, WhatIsMissingIsUnknown) {
  const CgroupCounters counters = ReadCgroupCounters(root_);

  EXPECT_FALSE(counters.cpu_time_us || counters.peak_memory_bytes ||
               counters.oom_kills || counters.pids_refusals ||
               counters.throttled_periods);
}

TEST(FindCounterTest, WholeKeysOnly) {
  EXPECT_EQ(FindCounter("oom_kill_disable 5\noom_kill 2", "oom_kill"), 2U);
  EXPECT_EQ(FindCounter("xoom_kill 5\n", "oom_kill"), std::nullopt);
  EXPECT_EQ(FindCounter("oom_kill x\n", "oom_kill"), std::nullopt);
  EXPECT_EQ(FindCounter("oom_kill 99999999999999999999\n", "oom_kill"),
            std::nullopt);
  EXPECT_EQ(FindCounter("", "oom_kill"), std::nullopt);
}

TEST(RoseTest, OnlyTwoKnownReadingsCompare) {
  EXPECT_TRUE(Rose(1, 2));
  EXPECT_FALSE(Rose(2, 2));
  EXPECT_FALSE(Rose(std::nullopt, 2));
  EXPECT_FALSE(Rose(1, std::nullopt));
}

}  // namespace
}  // namespace airlock::runner
