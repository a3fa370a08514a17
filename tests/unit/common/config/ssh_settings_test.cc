#include "common/config/ssh_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/config/contract.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFingerprint =
    "SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEF+";

// A file whose backend is "ssh", with `sandbox` and `ssh` added; KEY is a good
// fingerprint.
std::string SshText(absl::string_view ssh, absl::string_view sandbox = "") {
  return absl::StrReplaceAll(
      absl::StrCat(R"({"sandbox": {"backend": "ssh", )", sandbox,
                   R"("ssh": {"host": "h", "username": "u",
                              "privateKeyPath": "/k")",
                   ssh.empty() ? "" : ", ", ssh, "}}}"),
      {{"KEY", kFingerprint}});
}

SandboxSettings SandboxOf(const std::string& text) {
  const auto contract = ContractFromText(text);
  return contract == nullptr ? SandboxSettings{} : contract->defaults().sandbox;
}

SshSettings SettingsOf(absl::string_view ssh) {
  return SandboxOf(SshText(ssh)).ssh.value_or(SshSettings{});
}

struct Refusal {
  const char* members;
  const char* path;
  const char* message;
};

class SshRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(SshRefusalTest, KeyIsNamedWithWhatWouldDo) {
  EXPECT_THAT(ContractProblems(SshText(GetParam().members)),
              ElementsAre(ErrorAt(GetParam().path, GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Values, SshRefusalTest,
    testing::Values(
        Refusal{R"("port": 65536)", "sandbox.ssh.port",
                "must be in [1, 65535]"},
        Refusal{R"("timeout": -1)", "sandbox.ssh.timeout", "got -1"},
        Refusal{R"("passphrasePath": "")", "sandbox.ssh.passphrasePath",
                "must not be empty"},
        Refusal{R"("keepaliveInterval": 99)", "sandbox.ssh.keepaliveInterval",
                "must be milliseconds in [100, 600000]: got 99"},
        Refusal{R"("keepaliveInterval": 0)", "sandbox.ssh.keepaliveInterval",
                "got 0"},
        Refusal{R"("enforcement": "none")", "sandbox.ssh.enforcement",
                R"(must be "strict" or "best_effort": got "none")"}));

INSTANTIATE_TEST_SUITE_P(
    HostKeys, SshRefusalTest,
    testing::Values(
        Refusal{R"("hostKeyFingerprint": "MD5:00:11")",
                "sandbox.ssh.hostKeyFingerprint", "must be \"SHA256:\""},
        Refusal{R"("hostKeyFingerprint": "KEY=")",
                "sandbox.ssh.hostKeyFingerprint", "43 characters"},
        Refusal{R"("hostKeyFingerprint":
                   "SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEF*")",
                "sandbox.ssh.hostKeyFingerprint", "base64"},
        Refusal{R"("hostKeyFingerprint": "sKEY")",
                "sandbox.ssh.hostKeyFingerprint", "must be \"SHA256:\""},
        Refusal{R"("hostKeyFingerprint": "KEY", "acceptNewHostKeys": true)",
                "sandbox.ssh.acceptNewHostKeys", "contradicts"}));

INSTANTIATE_TEST_SUITE_P(
    PathsOfTheHost, SshRefusalTest,
    testing::Values(
        Refusal{R"("runnerDirectory": "airlock")",
                "sandbox.ssh.runnerDirectory", "must be an absolute path"},
        Refusal{R"("runnerDirectory": "/a/../b")",
                "sandbox.ssh.runnerDirectory", "\"..\""},
        Refusal{R"("runnerDirectory": "/a b")", "sandbox.ssh.runnerDirectory",
                "letters"},
        Refusal{R"("runnerDirectory": "/`id`")", "sandbox.ssh.runnerDirectory",
                "letters"},
        Refusal{R"("runnerDirectory": "/12345678901234567890123456789012345678)"
                R"(901234567890123456789012345")",
                "sandbox.ssh.runnerDirectory", "at most 64 bytes"},
        Refusal{R"("cgroup": "/airlock")", "sandbox.ssh.cgroup",
                "at the top of its hierarchy"},
        Refusal{R"("cgroup": "a/b")", "sandbox.ssh.cgroup", "got \"a/b\""},
        Refusal{R"("cgroup": "..")", "sandbox.ssh.cgroup", "got \"..\""},
        Refusal{R"("cgroup": "a;b")", "sandbox.ssh.cgroup", "letters"}));

TEST(SshSettingsTest, WhomToReachIsRequired) {
  EXPECT_THAT(
      ContractProblems(R"({"sandbox": {"backend": "ssh", "ssh": {}}})"),
      ElementsAre(ErrorAt("sandbox.ssh.host", "is required"),
                  ErrorAt("sandbox.ssh.username", "is required"),
                  ErrorAt("sandbox.ssh.privateKeyPath", "is required")));
}

TEST(SshSettingsTest, HostThatIsAnOptionIsRefused) {
  EXPECT_THAT(ContractProblems(R"({"sandbox": {"backend": "ssh", "ssh": {
                  "host": "-oProxy", "username": "u",
                  "privateKeyPath": "/k"}}})"),
              ElementsAre(ErrorAt("sandbox.ssh.host", "host name")));
}

TEST(SshSettingsTest, DefaultsAreThoseOfTheDocumentation) {
  const SshSettings settings = SettingsOf("");

  EXPECT_EQ(settings.port, 22);
  EXPECT_EQ(settings.passphrase_path, "");
  EXPECT_EQ(settings.known_hosts_path, "");
  EXPECT_EQ(settings.host_key_fingerprint, "");
  EXPECT_FALSE(settings.accept_new_host_keys);
  EXPECT_EQ(settings.connect_timeout, absl::Seconds(10));
  EXPECT_EQ(settings.keepalive_interval, absl::Seconds(5));
  EXPECT_EQ(settings.runner_directory, "");
  EXPECT_EQ(settings.cgroup, "airlock-u");
  EXPECT_FALSE(settings.best_effort);
}

TEST(SshSettingsTest, EverythingGivenIsTaken) {
  const SshSettings settings = SettingsOf(
      R"("port": 2222, "passphrasePath": "/p", "hostKeyFingerprint": "KEY",
         "connectTimeout": 250, "keepaliveInterval": 1000,
         "runnerDirectory": "/opt/airlock-1.0", "enforcement": "best_effort",
         "cgroup": "airlock@sandbox:1")");

  EXPECT_EQ(settings.port, 2222);
  EXPECT_EQ(settings.passphrase_path, "/p");
  EXPECT_EQ(settings.host_key_fingerprint, kFingerprint);
  EXPECT_EQ(settings.connect_timeout, absl::Milliseconds(250));
  EXPECT_EQ(settings.keepalive_interval, absl::Seconds(1));
  EXPECT_EQ(settings.runner_directory, "/opt/airlock-1.0");
  EXPECT_EQ(settings.cgroup, "airlock@sandbox:1");
  EXPECT_TRUE(settings.best_effort);
}

TEST(SshSettingsTest, NewHostKeysAreAcceptedWhereThatIsSaid) {
  const SshSettings settings =
      SettingsOf(R"("acceptNewHostKeys": true, "knownHostsPath": "/known")");

  EXPECT_TRUE(settings.accept_new_host_keys);
  EXPECT_EQ(settings.known_hosts_path, "/known");
}

TEST(SshSettingsTest, UnusedFileOfKnownHostsIsWarnedOf) {
  EXPECT_THAT(
      ContractProblems(
          SshText(R"("hostKeyFingerprint": "KEY", "knownHostsPath": "/f")")),
      ElementsAre(WarningAt("sandbox.ssh.knownHostsPath", "is not used")));
}

TEST(SshSettingsTest, TimeoutWinsOverTheSandboxes) {
  EXPECT_EQ(
      SandboxOf(SshText(R"("timeout": 5000)", R"("timeout": 1000, )")).timeout,
      absl::Seconds(5));
}

TEST(SshSettingsTest, SectionWithoutTimeoutLeavesTheSandboxes) {
  EXPECT_EQ(SandboxOf(SshText("", R"("timeout": 1000, )")).timeout,
            absl::Seconds(1));
}

TEST(SshSettingsTest, SectionBesideAnEngineIsForSshExecOnly) {
  const std::string text =
      absl::StrReplaceAll(SshText(R"("timeout": 5)"),
                          {{R"("backend": "ssh")", R"("backend": "docker")"}});

  EXPECT_THAT(ContractProblems(text),
              ElementsAre(WarningAt("sandbox.ssh", "by ssh_exec only")));
  EXPECT_EQ(SandboxOf(text).timeout, absl::Seconds(30));
  EXPECT_EQ(SandboxOf(text).ssh_timeout, absl::Milliseconds(5));
  EXPECT_EQ(SandboxOf(text).ssh, std::nullopt);
}

TEST(SshSettingsTest, PromisesOnlyAnEngineKeepsAreRefused) {
  EXPECT_THAT(ContractProblems(SshText("", R"("runtime": "runsc", )")),
              ElementsAre(ErrorAt("sandbox.runtime", "is only for backend")));
  EXPECT_THAT(ContractProblems(SshText(
                  "", R"("mounts": [{"source": "/srv/a", "target": "/a"}], )")),
              ElementsAre(ErrorAt("sandbox.mounts", "is only for backend")));
}

TEST(SshSettingsTest, UnusedImageIsWarnedOf) {
  EXPECT_THAT(ContractProblems(
                  SshText("", R"("image": "a:1", "pullPolicy": "never", )")),
              ElementsAre(WarningAt("sandbox.image", "is not used"),
                          WarningAt("sandbox.pullPolicy", "is not used")));
}

TEST(SshSettingsTest, NothingOfAnEngineIsLeft) {
  const SandboxSettings settings =
      SandboxOf(SshText("", R"("image": "a:1", "pullPolicy": "always", )"));

  EXPECT_EQ(settings.image, "");
  EXPECT_EQ(settings.pull_policy, "");
  EXPECT_EQ(settings.user, "65534:65534");
}

// What all agents have, one with backend "ssh" among them.
std::string MixedText(absl::string_view for_all, absl::string_view own) {
  return absl::StrCat(R"({"sandbox": {"image": "a:1")", for_all, R"(},
      "agents": {"far": {"sandbox": {"backend": "ssh", )",
                      own, R"("ssh": {"host": "h", "username": "u",
                                      "privateKeyPath": "/k"}}}}})");
}

TEST(SshSettingsTest, OneAgentMayHaveItBesideOthersWithAnEngine) {
  EXPECT_THAT(ContractProblems(MixedText("", "")), IsEmpty());
  EXPECT_THAT(ContractProblems(MixedText(R"(, "runtime": "runsc")", "")),
              ElementsAre(WarningAt("sandbox.runtime", "does not hold")));
  EXPECT_THAT(ContractProblems(MixedText("", R"("runtime": "runsc", )")),
              Contains(ErrorAt("agents.far.sandbox.runtime", "is only for")));
}

}  // namespace
}  // namespace airlock
