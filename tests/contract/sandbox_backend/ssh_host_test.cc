// What only a backend over SSH has: a host that can lack things, and others
// that use it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/executor/sandbox/self_test.h"
#include "tests/contract/sandbox_backend/process_recorder.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::EndedBy;
using executor::ProcessSpec;
using executor::Sandbox;
using executor::SshBackend;
using testing::HasSubstr;
using testing::Not;

class SshHostTest : public testing::Test {
 protected:
  static SshWorld& world() {
    static SshWorld world;
    return world;
  }

  // A host whose account has no control groups.
  static executor::SshOptions WithoutCgroups() {
    static TestSshd sshd({.user = "airlock-without"});
    executor::SshOptions options = world().Options();
    options.link.target = sshd.Target();
    options.link.cgroup = "airlock-nobody-made-this";
    return options;
  }

  static std::unique_ptr<SshBackend> MakeBackend(executor::SshOptions options) {
    static const SystemClock clock;
    return std::make_unique<SshBackend>(std::move(options), clock);
  }

  static std::shared_ptr<ProcessRecorder> Start(Sandbox& sandbox,
                                                ProcessSpec spec) {
    auto recorder = std::make_shared<ProcessRecorder>();
    sandbox.Run(std::move(spec), recorder);
    return recorder;
  }
};

TEST_F(SshHostTest, EveryLimitHoldsInACell) {
  const auto backend = world().MakeBackend();
  prometheus::Registry registry;
  executor::ExecutorMetrics metrics(registry);
  executor::SandboxReaper reaper(1, 16, metrics);
  executor::SelfTest test({HostSpec(), {}}, *backend, reaper, metrics);

  EXPECT_THAT(test.Run(Soon()), IsOk());
  for (const executor::EnforcementCheck& check : test.checks()) {
    EXPECT_TRUE(check.ok) << check.name << ": " << check.message;
  }
}

TEST_F(SshHostTest, WhatTheHostCannotEnforceIsRefused) {
  const auto strict = MakeBackend(WithoutCgroups());

  const absl::Status checked = strict->Check(Soon());
  EXPECT_THAT(checked, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("memory")));
  EXPECT_EQ(ErrorReason(checked), "LIMITS_NOT_ENFORCED");
  const auto refused = strict->Create(HostSpec(), "", Soon(), nullptr);
  EXPECT_THAT(refused.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(refused.status()), "LIMITS_NOT_ENFORCED");
}

TEST_F(SshHostTest, BestEffortGoesWithoutAndSaysSo) {
  executor::SshOptions options = WithoutCgroups();
  options.best_effort = true;
  const auto backend = MakeBackend(options);
  prometheus::Registry registry;
  executor::ExecutorMetrics metrics(registry);
  executor::SandboxReaper reaper(1, 16, metrics);
  executor::SelfTest test({HostSpec(), {"cpu", "memory", "pids", "swap"}},
                          *backend, reaper, metrics);

  EXPECT_THAT(backend->Check(Soon()), IsOk());
  EXPECT_THAT(test.Run(Soon()), IsOk());

  const auto checks = test.checks();
  const auto pids = std::find_if(
      checks.begin(), checks.end(),
      [](const executor::EnforcementCheck& c) { return c.name == "pids"; });
  ASSERT_NE(pids, checks.end());
  EXPECT_FALSE(pids->ok);
}

TEST_F(SshHostTest, AnotherBootRemovesWhatTheOneBeforeLeft) {
  executor::SshOptions options = world().Options();
  const auto first = MakeBackend(options);
  auto sandbox = first->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());
  const auto process = Start(**sandbox, TestProcess({"sleep", "600"}));
  ASSERT_TRUE(process->WaitStarted());

  options.link.boot = RandomUuid();
  const auto second = MakeBackend(options);

  EXPECT_THAT(second->Check(Soon()), IsOk());
  EXPECT_EQ(second->RemoveLeftovers(Soon()).value_or(-1), 1);
  EXPECT_EQ(second->RemoveLeftovers(Soon()).value_or(-1), 0);
  EXPECT_EQ(process->WaitEnded().ended_by, EndedBy::kOutcomeUnknown);
}

TEST_F(SshHostTest, ExecutorsOnOneHostDoNotTouchEachOther) {
  const auto first = world().MakeBackend();
  auto sandbox = first->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());
  {
    const auto second = world().MakeBackend();
    auto other = second->Create(HostSpec(), "", Soon(), nullptr);
    ASSERT_THAT(other, IsOk());
    EXPECT_EQ(second->RemoveLeftovers(Soon()).value_or(-1), 0);
  }

  EXPECT_EQ(Start(**sandbox, ShellLine("exit 4"))->WaitEnded().exit_code, 4);
}

TEST_F(SshHostTest, TwoHundredAtOnce) {
  executor::SandboxSpec spec = HostSpec();
  spec.pids = 500;
  spec.memory_bytes = std::uint64_t{512} << 20U;
  spec.parallel = true;
  const auto backend = world().MakeBackend();
  auto sandbox = backend->Create(spec, "", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());

  std::vector<std::shared_ptr<ProcessRecorder>> all;
  for (int i = 0; i < 200; ++i) {
    ProcessSpec process = ShellLine("read go; echo " + std::to_string(i));
    process.parallel = true;
    process.stdin_data = "go\n";
    all.push_back(Start(**sandbox, std::move(process)));
  }

  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)]->WaitEnded().exit_code, 0) << i;
    EXPECT_EQ(all[static_cast<std::size_t>(i)]->standard_output(),
              std::to_string(i) + "\n");
  }
}

TEST_F(SshHostTest, OneSessionAndNewKeysUnderLoadAreEnough) {
  SshWorld strict({.config_lines = {"MaxSessions 1", "RekeyLimit 16M"}});
  const auto backend = strict.MakeBackend();
  auto sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());
  constexpr std::uint64_t kBytes = 100'000'000;
  ProcessSpec spec =
      TestProcess({"head", "-c", std::to_string(kBytes), "/dev/zero"});
  spec.output_credit_bytes = kBytes;

  const auto process = Start(**sandbox, std::move(spec));

  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_EQ(process->standard_output().size(), kBytes);
}

TEST_F(SshHostTest, ALoginShellMaySayWhatItLikes) {
  SshWorld noisy({.profile = "echo welcome; head -c 20000 /dev/urandom"});
  const auto backend = noisy.MakeBackend();

  EXPECT_THAT(backend->Check(Soon()), IsOk());
}

TEST_F(SshHostTest, WhyAHostCannotBeUsedIsSaid) {
  SshWorld passwords({.config_lines = {"PubkeyAuthentication no",
                                       "PasswordAuthentication yes"}});
  const absl::Status no_keys = passwords.MakeBackend()->Check(Soon());
  EXPECT_EQ(ErrorReason(no_keys), "AUTH_REFUSED");
  EXPECT_THAT(std::string(no_keys.message()), HasSubstr("offers: password"));

  executor::SshOptions options = world().Options();
  options.link.target.private_key_path =
      world().sshd().MakeKey("ed25519", "", /*accepted=*/false);
  const absl::Status other_key = MakeBackend(options)->Check(Soon());
  EXPECT_EQ(ErrorReason(other_key), "AUTH_REFUSED");
  EXPECT_THAT(std::string(other_key.message()), HasSubstr("authorized_keys"));
}

TEST_F(SshHostTest, AHostThatComesBackWithAnotherKeyGetsNothing) {
  SshWorld changing;
  const auto backend = changing.MakeBackend();
  auto sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());

  changing.sshd().ReplaceHostKey("ed25519");
  changing.sshd().Restart();

  const absl::Time deadline = Soon();
  absl::Status checked = backend->Check(Soon());
  while (ErrorReason(checked) != "HOST_KEY_CHANGED" && absl::Now() < deadline) {
    // It may not have noticed yet that the connection broke.
    absl::SleepFor(absl::Milliseconds(10));
    checked = backend->Check(Soon());
  }
  EXPECT_THAT(checked, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(
      ErrorReason(backend->Create(HostSpec(), "", Soon(), nullptr).status()),
      "HOST_KEY_CHANGED");
  EXPECT_THAT(changing.sshd().log(), Not(HasSubstr("Accepted publickey")));
}

TEST_F(SshHostTest, AServerKilledInTheMiddleOfAnUploadIsTriedAgain) {
  SshWorld fresh;
  executor::SshOptions options = fresh.Options();
  // Long enough to be caught in the middle.
  const std::string runner = fresh.sshd().directory() / "long-runner";
  std::filesystem::copy_file(options.link.runners.at("x86_64"), runner);
  std::filesystem::resize_file(runner, std::uintmax_t{48} << 20U);
  options.link.runners = {{"x86_64", runner}};
  const auto backend = MakeBackend(options);
  const std::string folder = fresh.sshd().home() + "/.cache/airlock";
  const auto largest = [&folder] {
    std::uintmax_t bytes = 0;
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder, error)) {
      const std::uintmax_t size = entry.file_size(error);
      if (!error) bytes = std::max(bytes, size);
    }
    return bytes;
  };
  const absl::Time deadline = Soon();
  while (largest() < 1'000'000 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(1));
  }

  fresh.sshd().Restart();

  auto sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  while (!sandbox.ok() && absl::Now() < deadline) {
    sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  }
  ASSERT_THAT(sandbox, IsOk());
  EXPECT_EQ(Start(**sandbox, ShellLine("exit 4"))->WaitEnded().exit_code, 4);
}

TEST_F(SshHostTest, ASlowReaderHoldsUpNobodyElse) {
  const auto backend = world().MakeBackend();
  auto slow_sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  auto fast_sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(slow_sandbox, IsOk());
  ASSERT_THAT(fast_sandbox, IsOk());
  ProcessSpec endless = TestProcess({"cat", "/dev/zero"});
  endless.output_credit_bytes = 1000;
  const auto slow = Start(**slow_sandbox, std::move(endless));
  ASSERT_TRUE(slow->WaitOutput(1000));

  ProcessSpec spec = TestProcess({"head", "-c", "5000000", "/dev/zero"});
  spec.output_credit_bytes = 5'000'000;
  const auto fast = Start(**fast_sandbox, std::move(spec));

  EXPECT_EQ(fast->WaitEnded().exit_code, 0);
  EXPECT_EQ(fast->standard_output().size(), 5'000'000U);
  EXPECT_EQ(slow->ends(), 0);
  EXPECT_EQ(slow->standard_output().size(), 1000U);
}

}  // namespace
}  // namespace airlock
