#include "common/config/sandbox_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::string SandboxText(absl::string_view members) {
  return absl::StrCat("{\"sandbox\": {", members, "}}");
}

std::vector<ConfigProblem> ProblemsOf(absl::string_view members) {
  return ContractProblems(SandboxText(members));
}

SandboxSettings SettingsOf(absl::string_view members) {
  const auto contract = ContractFromText(SandboxText(members));
  return contract == nullptr ? SandboxSettings{} : contract->defaults().sandbox;
}

struct Refusal {
  const char* members;
  const char* path;
  const char* message;
};

class SandboxRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(SandboxRefusalTest, KeyIsNamedWithWhatWouldDo) {
  EXPECT_THAT(ProblemsOf(GetParam().members),
              ElementsAre(ErrorAt(GetParam().path, GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Values, SandboxRefusalTest,
    testing::Values(
        Refusal{R"("backend": "podman")", "sandbox.backend",
                R"(must be "docker" or "ssh": got "podman")"},
        Refusal{R"("backend": "Docker")", "sandbox.backend", "got \"Docker\""},
        Refusal{R"("backend": "ssh")", "sandbox.ssh", "is required"},
        Refusal{R"("image": "")", "sandbox.image", "must not be empty"},
        Refusal{R"("image": "-v")", "sandbox.image", "must be an image"},
        Refusal{R"("image": "a b")", "sandbox.image", "must be an image"},
        Refusal{R"("image": "a\nb")", "sandbox.image", "control characters"},
        Refusal{R"("timeout": -1)", "sandbox.timeout",
                "must be milliseconds in [1, 86400000]: got -1"},
        Refusal{R"("timeout": 0)", "sandbox.timeout", "got 0"},
        Refusal{R"("timeout": 9223372036854775807)", "sandbox.timeout",
                "got 9223372036854775807"},
        Refusal{R"("queueTimeout": -5)", "sandbox.queueTimeout", "got -5"},
        Refusal{R"("memoryLimit": "512x")", "sandbox.memoryLimit",
                R"(got "512x")"},
        Refusal{R"("memoryLimit": "-512m")", "sandbox.memoryLimit",
                "must be a size"},
        Refusal{R"("memoryLimit": "0")", "sandbox.memoryLimit",
                R"(from "16m" to "64t": got "0")"},
        Refusal{R"("memoryLimit": "15m")", "sandbox.memoryLimit", "\"16m\""},
        Refusal{R"("memoryLimit": "99999999999999999999g")",
                "sandbox.memoryLimit", "below 2^63"},
        Refusal{R"("cpuLimit": "0")", "sandbox.cpuLimit", "from \"0.01\""},
        Refusal{R"("cpuLimit": "one")", "sandbox.cpuLimit", "got \"one\""},
        Refusal{R"("cpuLimit": "-1.0")", "sandbox.cpuLimit", "must be"},
        Refusal{R"("networkMode": "host")", "sandbox.networkMode",
                R"(must be "none" or "bridge": got "host")"},
        Refusal{R"("diskLimit": "257m")", "sandbox.diskLimit",
                R"(at most half of memoryLimit, which is "256m": got "257m")"},
        Refusal{R"("diskLimit": "0")", "sandbox.diskLimit", "from \"1m\""},
        Refusal{R"("pidsLimit": 0)", "sandbox.pidsLimit", "must be in [4"},
        Refusal{R"("pidsLimit": 4194305)", "sandbox.pidsLimit", "4194304]"},
        Refusal{R"("outputLimit": "0")", "sandbox.outputLimit", "got \"0\""},
        Refusal{R"("inodeLimit": -1)", "sandbox.inodeLimit", "got -1"},
        Refusal{R"("runtime": "../runc")", "sandbox.runtime", "OCI runtime"},
        Refusal{R"("pullPolicy": "sometimes")", "sandbox.pullPolicy",
                R"(must be "always", "missing" or "never")"}));

INSTANTIATE_TEST_SUITE_P(
    Users, SandboxRefusalTest,
    testing::Values(
        Refusal{R"("user": "0:0")", "sandbox.user", "neither of them 0"},
        Refusal{R"("user": "1000:0")", "sandbox.user", "neither of them 0"},
        Refusal{R"("user": "root")", "sandbox.user", "numeric"},
        Refusal{R"("user": "1000")", "sandbox.user", "uid:gid"},
        Refusal{R"("user": "00:1000")", "sandbox.user", "numeric"},
        Refusal{R"("user": "+1:1")", "sandbox.user", "numeric"},
        Refusal{R"("user": "4294967295:1")", "sandbox.user", "numeric"},
        Refusal{R"("user": "4294967296:1")", "sandbox.user", "numeric"},
        Refusal{R"("user": "1:1:1")", "sandbox.user", "numeric"}));

INSTANTIATE_TEST_SUITE_P(
    Languages, SandboxRefusalTest,
    testing::Values(
        Refusal{R"("languages": {"Py": {"command": ["p"], "extension": ".p"}})",
                "sandbox.languages.Py", "must be named like"},
        Refusal{R"("languages": {"py": {"extension": ".p"}})",
                "sandbox.languages.py.command", "is required"},
        Refusal{R"("languages": {"py": {"command": [], "extension": ".p"}})",
                "sandbox.languages.py.command", "must be the program"},
        Refusal{R"("languages": {"py": {"command": [""], "extension": ".p"}})",
                "sandbox.languages.py.command[0]", "must not be empty"},
        Refusal{R"("languages": {"py": {"command": ["p"]}})",
                "sandbox.languages.py.extension", "is required"},
        Refusal{R"("languages": {"py": {"command": ["p"],
                   "extension": "/../x"}})",
                "sandbox.languages.py.extension", "must be the ending"}));

TEST(SandboxSettingsTest, DiskIsSplitBetweenWorkspaceAndTmp) {
  const SandboxSettings settings =
      SettingsOf(R"("memoryLimit": "1g", "diskLimit": "100m")");

  EXPECT_EQ(settings.workspace_bytes, std::uint64_t{75} << 20);
  EXPECT_EQ(settings.tmp_bytes, std::uint64_t{25} << 20);
}

TEST(SandboxSettingsTest, GivenLanguagesReplaceTheDefaults) {
  const SandboxSettings settings = SettingsOf(
      R"("languages": {"lua": {"command": ["lua"], "extension": ".lua"}})");

  EXPECT_EQ(settings.languages.size(), 1u);
  EXPECT_THAT(ProblemsOf(R"("languages": {})"),
              ElementsAre(WarningAt("sandbox.languages", "no language")));
}

std::vector<ConfigProblem> MountProblems(absl::string_view source,
                                         absl::string_view target) {
  return ProblemsOf(absl::StrCat(R"("mounts": [{"source": ")", source,
                                 R"(", "target": ")", target, R"("}])"));
}

TEST(MountSettingsTest, OrdinaryDirectoryIsTaken) {
  const SandboxSettings settings = SettingsOf(
      R"("mounts": [{"source": "/srv/data", "target": "/data"},
                    {"source": "/srv/out", "target": "/workspace/out",
                     "writable": true}])");

  ASSERT_EQ(settings.mounts.size(), 2u);
  EXPECT_EQ(settings.mounts[0].source, "/srv/data");
  EXPECT_EQ(settings.mounts[0].target, "/data");
  EXPECT_FALSE(settings.mounts[0].writable);
  EXPECT_TRUE(settings.mounts[1].writable);
}

TEST(MountSettingsTest, SourcesThatRuleTheHostAreRefused) {
  for (const char* bad :
       {"/", "/proc", "/proc/1", "/sys", "/sys/fs/cgroup", "/etc",
        "/etc/passwd", "/dev", "/dev/sda", "/run", "/run/user", "/var/run",
        "/var/run/docker.sock", "/var/lib/docker", "/var/lib/docker/volumes",
        "/var", "/var/lib", "/srv/docker.sock", "/boot"}) {
    EXPECT_THAT(MountProblems(bad, "/data"),
                ElementsAre(ErrorAt("sandbox.mounts[0].source", "must not")))
        << bad;
  }
  for (const char* good : {"/procs", "/srv", "/var/libs", "/home/x/etc"}) {
    EXPECT_THAT(MountProblems(good, "/data"), IsEmpty()) << good;
  }
}

TEST(MountSettingsTest, PathsMustBeAbsoluteAndNormalized) {
  for (const char* bad :
       {"srv", "./srv", "/srv/", "/srv//a", "/srv/./a", "/srv/../etc", "/.."}) {
    EXPECT_THAT(MountProblems(bad, "/data"),
                ElementsAre(ErrorAt("sandbox.mounts[0].source",
                                    "must be an absolute path")))
        << bad;
    EXPECT_THAT(MountProblems("/srv", bad),
                ElementsAre(ErrorAt("sandbox.mounts[0].target",
                                    "must be an absolute path")))
        << bad;
  }
}

TEST(MountSettingsTest, TargetsThatCoverWhatIsOursAreRefused) {
  for (const char* bad :
       {"/", "/workspace", "/tmp", "/proc", "/proc/sys", "/sys", "/dev",
        "/dev/shm", "/airlock", "/airlock/runner"}) {
    EXPECT_THAT(MountProblems("/srv", bad),
                ElementsAre(ErrorAt("sandbox.mounts[0].target", "must not")))
        << bad;
  }
}

TEST(MountSettingsTest, BothPathsAreRequiredAndTargetsAreDistinct) {
  EXPECT_THAT(ProblemsOf(R"("mounts": [{}])"),
              ElementsAre(ErrorAt("sandbox.mounts[0].source", "required"),
                          ErrorAt("sandbox.mounts[0].target", "required")));
  EXPECT_THAT(ProblemsOf(R"("mounts": [{"source": "/srv/a", "target": "/a"},
                               {"source": "/srv/b", "target": "/a"}])"),
              Contains(ErrorAt("sandbox.mounts[1].target", "another mount's")));
}

TEST(SandboxSettingsTest, EveryProblemIsTold) {
  EXPECT_THAT(ProblemsOf(R"("timeout": -1, "cpuLimit": "x", "user": "0:0")"),
              testing::SizeIs(3));
}

}  // namespace
}  // namespace airlock
