#include "services/executor/executor_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/config/config_file.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// What every executor must have.
constexpr const char* kRequired =
    R"("statePath": "/s", "grantPublicKeyPath": "/g",
    "tls": {"certPath": "/c", "keyPath": "/k", "caPath": "/a"})";

class ExecutorConfigTest : public testing::Test {
 protected:
  ExecutorConfig Check(const std::string& text) {
    const ConfigReading reading = ReadConfigText(text);
    EXPECT_FALSE(reading.problems.has_errors())
        << FormatProblems(reading.problems);
    problems_ = ProblemList();
    return ExecutorConfigFromProto(reading.config, problems_);
  }
  ExecutorConfig CheckExecutor(const std::string& more) {
    return Check(absl::StrCat("{\"executor\": {", kRequired,
                              more.empty() ? "" : ", ", more, "}}"));
  }
  void ExpectProblem(const std::string& path, const std::string& text) {
    EXPECT_THAT(problems_.problems(),
                testing::Contains(
                    AllOf(Field(&ConfigProblem::path, path),
                          Field(&ConfigProblem::message, HasSubstr(text)))))
        << FormatProblems(problems_);
  }

  ProblemList problems_;
};

TEST_F(ExecutorConfigTest, DefaultsAreThoseOfTheDocumentation) {
  const ExecutorConfig config = CheckExecutor("");

  EXPECT_THAT(problems_.problems(), IsEmpty());
  EXPECT_EQ(config.backend, "docker");
  EXPECT_THAT(config.policy_targets, ElementsAre("127.0.0.1:7401"));
  EXPECT_GE(config.max_running, 2U);
  EXPECT_EQ(config.metrics_listen, "127.0.0.1:9466");
  EXPECT_EQ(config.probe_listen, "127.0.0.1:7412");
  EXPECT_EQ(config.drain_timeout, absl::Seconds(60));
  EXPECT_THAT(config.runner_path, testing::EndsWith("/airlock-runner"));
  EXPECT_EQ(config.docker.endpoint, "unix:///var/run/docker.sock");
  EXPECT_FALSE(config.docker.tls.has_value());
}

TEST_F(ExecutorConfigTest, EverythingGivenIsTaken) {
  const ExecutorConfig config = CheckExecutor(
      R"("policyTargets": ["a:1", "dns:///policy:7401"], "maxRunning": 8,
         "labels": {"zone": "a"}, "metricsListen": "0.0.0.0:0",
         "probeListen": "[::1]:1", "drainTimeout": 5000, "runnerPath": "/r",
         "docker": {"endpoint": "tcp://engine:2376",
                    "tls": {"certPath": "/dc", "keyPath": "/dk", "caPath": "/da"},
                    "allowedMounts": ["/data"],
                    "registries": {"r.example.com":
                        {"username": "u", "passwordPath": "/p"}}})");

  EXPECT_THAT(problems_.problems(), IsEmpty());
  EXPECT_THAT(config.policy_targets, ElementsAre("a:1", "dns:///policy:7401"));
  EXPECT_EQ(config.max_running, 8U);
  EXPECT_EQ(config.labels.at("zone"), "a");
  EXPECT_EQ(config.drain_timeout, absl::Seconds(5));
  EXPECT_EQ(config.runner_path, "/r");
  EXPECT_EQ(config.docker.tls->ca_path, "/da");
  EXPECT_THAT(config.docker.allowed_mounts, ElementsAre("/data"));
  EXPECT_EQ(config.docker.registries.at("r.example.com").username, "u");
}

TEST_F(ExecutorConfigTest, WhatIsRequiredIsNamed) {
  Check("{}");

  for (const char* path : {"executor.statePath", "executor.grantPublicKeyPath",
                           "executor.tls.certPath", "executor.tls.keyPath",
                           "executor.tls.caPath"}) {
    ExpectProblem(path, "is required");
  }
  EXPECT_THAT(problems_.problems(), SizeIs(5));
}

TEST_F(ExecutorConfigTest, TargetsMustBeThereOnceAndReadable) {
  CheckExecutor(R"("policyTargets": [])");
  ExpectProblem("executor.policyTargets", "must have 1 to 32");
  CheckExecutor(R"("policyTargets": ["a:1", "a:1"])");
  ExpectProblem("executor.policyTargets[1]", "twice");
  CheckExecutor(R"("policyTargets": ["a:1", "nonsense"])");
  ExpectProblem("executor.policyTargets[1]", "got \"nonsense\"");
  CheckExecutor(R"("policyTargets": ["a:0"])");
  ExpectProblem("executor.policyTargets[0]", "port from 1");
}

TEST_F(ExecutorConfigTest, EachPolicyNeedsASlot) {
  CheckExecutor(R"("maxRunning": 1, "policyTargets": ["a:1", "b:1"])");
  ExpectProblem("executor.maxRunning", "must be in [2, 1024]: got 1");
  CheckExecutor(R"("maxRunning": 0)");
  ExpectProblem("executor.maxRunning", "must be in [1, 1024]: got 0");
  CheckExecutor(R"("maxRunning": 5000)");
  ExpectProblem("executor.maxRunning", "got 5000");
}

TEST_F(ExecutorConfigTest, UnknownBackendIsRefused) {
  Check(absl::StrCat(R"({"sandbox": {"backend": "podman"}, "executor": {)",
                     kRequired, "}}"));

  ExpectProblem("sandbox.backend", "got \"podman\"");
}

TEST_F(ExecutorConfigTest, EngineElsewhereNeedsTls) {
  CheckExecutor(R"("docker": {"endpoint": "tcp://engine:2375"})");
  ExpectProblem("executor.docker.tls", "is required");
  CheckExecutor(R"("docker": {"endpoint": "tcp://127.0.0.1:2375"})");
  EXPECT_THAT(problems_.problems(), IsEmpty());
  CheckExecutor(R"("docker": {"endpoint": "http://engine"})");
  ExpectProblem("executor.docker.endpoint", "must be unix:///path");
  CheckExecutor(R"("docker": {"endpoint": "tcp://"})");
  ExpectProblem("executor.docker.endpoint", "");
}

TEST_F(ExecutorConfigTest, MountsAndRegistriesAreChecked) {
  CheckExecutor(R"("docker": {"allowedMounts": ["data"],
                              "registries": {"r": {"username": "u"}}})");

  ExpectProblem("executor.docker.allowedMounts[0]", "absolute path");
  ExpectProblem("executor.docker.registries.r.passwordPath", "is required");
}

TEST_F(ExecutorConfigTest, LabelsAreBounded) {
  CheckExecutor(
      absl::StrCat(R"("labels": {"a": ")", std::string(300, 'x'), "\"}"));

  ExpectProblem("executor.labels", "at most 256 bytes");
}

TEST_F(ExecutorConfigTest, FourSandboxesOfTheDefaultsWait) {
  const ExecutorConfig config = CheckExecutor("");

  ASSERT_THAT(config.warm_targets, SizeIs(1));
  const WarmTarget& target = config.warm_targets.front();
  EXPECT_EQ(target.size, 4U);
  EXPECT_EQ(target.refill, 1U);
  EXPECT_EQ(target.max_age, absl::Minutes(30));
  EXPECT_EQ(target.spec.image, "airlock/sandbox:latest");
  EXPECT_EQ(target.spec.memory_bytes, 512U << 20);
  EXPECT_EQ(target.spec.workspace_bytes, 192U << 20);
  EXPECT_EQ(target.spec.tmp_bytes, 64U << 20);
}

TEST_F(ExecutorConfigTest, AgentsHaveTargetsOfTheirOwnWhereTheyDiffer) {
  const ExecutorConfig config = Check(absl::StrCat(
      R"({"sandbox": {"warmPool": {"size": 2}}, "agents": {
          "a": {"sandbox": {"memoryLimit": "1g"}},
          "b": {"sandbox": {"timeout": 5000, "pullPolicy": "never",
                            "warmPool": {"size": 5, "refill": 2,
                                         "maxAge": 60000}}},
          "c": {"sandbox": {"image": "c:1", "warmPool": {"size": 0}}},
          "d": {"sandbox": {"image": "d:1", "pullPolicy": "always"}},
          "e": {"sandbox": {"image": "e:1", "enabled": false}}},
          "executor": {)",
      kRequired, "}}"));

  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);
  ASSERT_THAT(config.warm_targets, SizeIs(2));
  EXPECT_EQ(config.warm_targets[0].size, 5U) << "b's sandbox is everybody's";
  EXPECT_EQ(config.warm_targets[0].refill, 2U);
  EXPECT_EQ(config.warm_targets[0].max_age, absl::Minutes(1));
  EXPECT_EQ(config.warm_targets[1].size, 2U);
  EXPECT_EQ(config.warm_targets[1].spec.memory_bytes, 1U << 30);
}

TEST_F(ExecutorConfigTest, WhatWaitsMustHaveRoomBesideWhatRuns) {
  CheckExecutor(R"("maxRunning": 4, "maxSandboxes": 8)");
  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);

  CheckExecutor(R"("maxRunning": 4, "maxSandboxes": 7)");
  ExpectProblem("executor.maxSandboxes", "got 7");

  Check(absl::StrCat(R"({"sandbox": {"warmPool": {"size": 63}},
                         "agents": {"a": {"sandbox": {"pidsLimit": 9}}},
                         "executor": {)",
                     kRequired, "}}"));
  ExpectProblem("executor.maxSandboxes", "126 of 2 kinds");
}

TEST_F(ExecutorConfigTest, ContractThatCannotHoldIsRefusedHereToo) {
  Check(absl::StrCat(R"({"sandbox": {"diskLimit": "9g"}, "executor": {)",
                     kRequired, "}}"));

  ExpectProblem("sandbox.diskLimit", "half of memoryLimit");
}

TEST_F(ExecutorConfigTest, LimitsAreTriedInASandboxThatSomebodyMayHave) {
  EXPECT_EQ(CheckExecutor("").tried_sandbox->image, "airlock/sandbox:latest");

  const ExecutorConfig off = Check(absl::StrCat(
      R"({"sandbox": {"enabled": false}, "executor": {)", kRequired, "}}"));
  EXPECT_FALSE(off.tried_sandbox.has_value());

  const ExecutorConfig one = Check(absl::StrCat(
      R"({"sandbox": {"enabled": false},
          "agents": {"a": {"sandbox": {"enabled": true, "image": "a:1"}}},
          "executor": {)",
      kRequired, "}}"));
  EXPECT_EQ(one.tried_sandbox->image, "a:1");
}

TEST_F(ExecutorConfigTest, HostOfBackendSshIsTakenAndNoImageIsLookedAt) {
  const ExecutorConfig config = Check(absl::StrCat(
      R"({"sandbox": {"backend": "ssh", "pullPolicy": "always", "ssh": {
              "host": "h", "username": "u", "privateKeyPath": "/k"}},
          "agents": {"a": {"sandbox": {"backend": "docker"}}},
          "executor": {)",
      kRequired, "}}"));

  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);
  EXPECT_EQ(config.backend, "ssh");
  ASSERT_TRUE(config.ssh.has_value());
  EXPECT_EQ(config.ssh->host, "h");
  ASSERT_THAT(config.warm_targets, SizeIs(1)) << "a's wait elsewhere";
  EXPECT_EQ(config.warm_targets[0].spec.image, "");
  EXPECT_FALSE(CheckExecutor("").ssh.has_value());
}

class SshRotationConfigTest : public ExecutorConfigTest {
 protected:
  // `ssh` goes into sandbox.ssh, `sandbox` beside it.
  ExecutorConfig CheckSsh(const std::string& ssh, const std::string& sandbox) {
    return Check(absl::StrCat(
        R"({"sandbox": {"backend": "ssh", "ssh": {"host": "h", "username": "u",
            "privateKeyPath": "/k", )",
        ssh, "}, ", sandbox, R"(}, "executor": {)", kRequired, "}}"));
  }
};

TEST_F(SshRotationConfigTest, AHostMustBearMoreUsesThanWaitForThem) {
  constexpr const char* kFour = R"("warmPool": {"size": 4})";
  CheckSsh(R"("rotation": {"maxUses": 4})", kFour);
  ExpectProblem("sandbox.ssh.rotation.maxUses",
                "more than the 4 sandboxes that wait in warm pools: got 4");

  CheckSsh(R"("rotation": {"maxUses": 5})", kFour);
  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);
  CheckSsh(R"("rotation": {"maxUses": 1})", R"("warmPool": {"size": 0})");
  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);
  CheckSsh(R"("rotation": {"maxAge": 60000})", kFour);
  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);
}

TEST_F(SshRotationConfigTest, NoneWaitsWhereEachSessionHasAHostOfItsOwn) {
  const ExecutorConfig config = CheckSsh(
      R"("rotation": {"maxUses": 1}, "snapshot": {"mode": "hook",
          "restore": ["/r"], "when": "session"})",
      R"("warmPool": {"size": 4})");

  EXPECT_FALSE(problems_.has_errors()) << FormatProblems(problems_);
  EXPECT_THAT(config.warm_targets, IsEmpty());
}

}  // namespace
}  // namespace airlock::executor
