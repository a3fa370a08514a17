#include "common/config/ssh_rotation_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/config/contract.h"
#include "tests/support/contract_from_text.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string SshText(absl::string_view members) {
  return absl::StrCat(R"({"sandbox": {"backend": "ssh", "ssh": {"host": "h",
                          "username": "u", "privateKeyPath": "/k", )",
                      members, "}}}");
}

SshRotationSettings RotationOf(absl::string_view members) {
  const auto contract = ContractFromText(SshText(members));
  if (contract == nullptr) return {};
  return contract->defaults().sandbox.ssh.value_or(SshSettings{}).rotation;
}

struct Refusal {
  const char* members;
  const char* path;
  const char* message;
};

class SshRotationRefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(SshRotationRefusalTest, KeyIsNamedWithWhatWouldDo) {
  EXPECT_THAT(ContractProblems(SshText(GetParam().members)),
              ElementsAre(ErrorAt(GetParam().path, GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Values, SshRotationRefusalTest,
    testing::Values(
        Refusal{R"("rotation": {"maxAge": 9999})",
                "sandbox.ssh.rotation.maxAge", "got 9999"},
        Refusal{R"("rotation": {"maxUses": 0})", "sandbox.ssh.rotation.maxUses",
                "got 0"},
        Refusal{R"("snapshot": {"mode": "zfs"})", "sandbox.ssh.snapshot.mode",
                R"(must be "none" or "hook")"},
        Refusal{R"("snapshot": {"mode": "hook"})",
                "sandbox.ssh.snapshot.restore", "is required"},
        Refusal{R"("snapshot": {"mode": "hook", "restore": []})",
                "sandbox.ssh.snapshot.restore", "got an empty list"},
        Refusal{R"("snapshot": {"mode": "hook", "restore": ["restore.sh"]})",
                "sandbox.ssh.snapshot.restore", "got \"restore.sh\""},
        Refusal{R"("snapshot": {"mode": "hook", "restore": ["/r", "a\nb"]})",
                "sandbox.ssh.snapshot.restore", "without control characters"},
        Refusal{R"("snapshot": {"mode": "hook", "restore": ["/r"],
                                "timeout": 0})",
                "sandbox.ssh.snapshot.timeout", "got 0"},
        Refusal{R"("snapshot": {"mode": "hook", "restore": ["/r"],
                                "when": "daily"})",
                "sandbox.ssh.snapshot.when",
                R"(must be "rotation" or "session")"},
        Refusal{R"("snapshot": {"restore": ["/r"]})",
                "sandbox.ssh.snapshot.restore", "contradicts mode \"none\""},
        Refusal{R"("snapshot": {"when": "session"})",
                "sandbox.ssh.snapshot.when", "contradicts mode \"none\""}));

TEST(SshRotationTest, AbsentIsNever) {
  const SshRotationSettings settings = RotationOf(R"("port": 22)");

  EXPECT_EQ(settings.max_age, absl::InfiniteDuration());
  EXPECT_EQ(settings.max_uses, 0U);
  EXPECT_THAT(settings.restore, IsEmpty());
  EXPECT_EQ(settings.restore_timeout, absl::Minutes(5));
  EXPECT_FALSE(settings.every_session);
}

TEST(SshRotationTest, EveryKeyIsRead) {
  const SshRotationSettings settings = RotationOf(
      R"("rotation": {"maxAge": 60000, "maxUses": 1},
         "snapshot": {"mode": "hook", "restore": ["/r", "-x"],
                      "timeout": 7000, "when": "session"})");

  EXPECT_EQ(settings.max_age, absl::Minutes(1));
  EXPECT_EQ(settings.max_uses, 1U);
  EXPECT_THAT(settings.restore, ElementsAre("/r", "-x"));
  EXPECT_EQ(settings.restore_timeout, absl::Seconds(7));
  EXPECT_TRUE(settings.every_session);
}

TEST(SshRotationTest, KeysThatAreNotUsedAreToldOf) {
  EXPECT_THAT(ContractProblems(SshText(R"("snapshot": {"timeout": 1000})")),
              ElementsAre(WarningAt("sandbox.ssh.snapshot.timeout",
                                    "not used with mode \"none\"")));
  EXPECT_THAT(
      ContractProblems(SshText(
          R"("rotation": {"maxUses": 2},
             "snapshot": {"mode": "hook", "restore": ["/r"],
                          "when": "session"})")),
      ElementsAre(WarningAt("sandbox.ssh.rotation.maxUses", "is not used")));
}

}  // namespace
}  // namespace airlock
