// The documented JSON, read literally.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/contract.h"
#include "tests/support/contract_from_text.h"

namespace airlock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr char kFull[] = R"({
  "sandbox": {"enabled": true, "backend": "docker", "image": "airlock/sandbox:latest", "timeout": 30000,
              "memoryLimit": "512m", "cpuLimit": "1.0", "networkMode": "none"},
  "autonomy": {"level": "full", "allowedActions": ["code_exec", "file_read", "file_write", "http_get"],
               "blockedActions": ["file_delete", "system_command", "ssh_exec"]},
  "approvalGating": {"enabled": true, "channel": "telegram", "approvers": ["123456"], "timeout": 300000,
                     "defaultAction": "reject", "showFullContext": true,
                     "rules": [{"action": "file_read", "approval": "auto"}, {"action": "code_exec", "approval": "required"}]}
})";

TEST(DocumentedConfigTest, FullExampleHasNoProblem) {
  EXPECT_THAT(ContractProblems(kFull), IsEmpty());
}

TEST(DocumentedConfigTest, FullExampleSaysWhatItSays) {
  const std::shared_ptr<const Contract> contract = ContractFromText(kFull);
  ASSERT_NE(contract, nullptr);
  const AgentContract& agent = contract->ForAgent("anyone");

  EXPECT_TRUE(agent.sandbox.enabled);
  EXPECT_EQ(agent.sandbox.backend, "docker");
  EXPECT_EQ(agent.sandbox.image, "airlock/sandbox:latest");
  EXPECT_EQ(agent.sandbox.timeout, absl::Seconds(30));
  EXPECT_EQ(agent.sandbox.memory_bytes, std::uint64_t{512} << 20);
  EXPECT_EQ(agent.sandbox.cpu_millis, 1000u);
  EXPECT_EQ(agent.sandbox.network_mode, "none");
  EXPECT_EQ(agent.sandbox.ssh, std::nullopt);

  EXPECT_EQ(agent.autonomy.level, AutonomyLevel::kFull);
  EXPECT_THAT(
      agent.autonomy.allowed_actions,
      Optional(ElementsAre(ActionWord::kCodeExec, ActionWord::kFileRead,
                           ActionWord::kFileWrite, ActionWord::kHttpGet)));
  EXPECT_THAT(agent.autonomy.blocked_actions,
              ElementsAre(ActionWord::kSystemCommand, ActionWord::kFileDelete,
                          ActionWord::kSshExec));

  EXPECT_TRUE(agent.approval.enabled);
  EXPECT_EQ(agent.approval.channel, "telegram");
  EXPECT_THAT(agent.approval.approvers,
              Optional(ElementsAre("telegram:123456")));
  EXPECT_EQ(agent.approval.timeout, absl::Minutes(5));
  EXPECT_FALSE(agent.approval.approve_on_timeout);
  EXPECT_TRUE(agent.approval.show_full_context);
  ASSERT_EQ(agent.approval.rules.size(), 2u);
  EXPECT_EQ(agent.approval.rules[0].action, ActionWord::kFileRead);
  EXPECT_EQ(agent.approval.rules[0].effect, RuleEffect::kAuto);
  EXPECT_EQ(agent.approval.rules[1].action, ActionWord::kCodeExec);
  EXPECT_EQ(agent.approval.rules[1].effect, RuleEffect::kRequired);
  EXPECT_EQ(agent.approval.rules[1].key_path, "approvalGating.rules[1]");
}

TEST(DocumentedConfigTest, SshExampleSaysWhatItSays) {
  const std::shared_ptr<const Contract> contract = ContractFromText(R"({
    "sandbox": {"enabled": true, "backend": "ssh", "ssh": {"host": "sandbox.example.com", "port": 22, "username": "openclaw-sandbox", "privateKeyPath": "/data/keys/sandbox_key", "timeout": 30000}}
  })");
  ASSERT_NE(contract, nullptr);
  const SandboxSettings& sandbox = contract->defaults().sandbox;

  EXPECT_EQ(sandbox.backend, "ssh");
  ASSERT_TRUE(sandbox.ssh.has_value());
  EXPECT_EQ(sandbox.ssh->host, "sandbox.example.com");
  EXPECT_EQ(sandbox.ssh->port, 22);
  EXPECT_EQ(sandbox.ssh->username, "openclaw-sandbox");
  EXPECT_EQ(sandbox.ssh->private_key_path, "/data/keys/sandbox_key");
  EXPECT_EQ(sandbox.ssh->connect_timeout, absl::Seconds(10));
  EXPECT_EQ(sandbox.timeout, absl::Seconds(30));
}

TEST(DocumentedConfigTest, SupervisedExampleSaysWhatItSays) {
  constexpr char kText[] = R"({
    "autonomy": {"level": "supervised", "approvalChannel": "telegram", "approvalTimeout": 300000}
  })";
  EXPECT_THAT(ContractProblems(kText), IsEmpty());
  const std::shared_ptr<const Contract> contract = ContractFromText(kText);
  ASSERT_NE(contract, nullptr);
  const AgentContract& agent = contract->defaults();

  EXPECT_EQ(agent.autonomy.level, AutonomyLevel::kSupervised);
  EXPECT_EQ(agent.autonomy.allowed_actions, std::nullopt);
  EXPECT_TRUE(agent.approval.enabled);
  EXPECT_EQ(agent.approval.channel, "telegram");
  EXPECT_EQ(agent.approval.timeout, absl::Minutes(5));
  EXPECT_EQ(agent.approval.approvers, std::nullopt);
}

TEST(DocumentedConfigTest, EmptyConfigurationHasTheDocumentedDefaults) {
  EXPECT_THAT(ContractProblems("{}"), IsEmpty());
  const std::shared_ptr<const Contract> contract = ContractFromText("{}");
  ASSERT_NE(contract, nullptr);
  const SandboxSettings& sandbox = contract->defaults().sandbox;

  EXPECT_TRUE(sandbox.enabled);
  EXPECT_EQ(sandbox.backend, "docker");
  EXPECT_EQ(sandbox.image, "airlock/sandbox:latest");
  EXPECT_EQ(sandbox.timeout, absl::Seconds(30));
  EXPECT_EQ(sandbox.memory_bytes, std::uint64_t{512} << 20);
  EXPECT_EQ(sandbox.cpu_millis, 1000u);
  EXPECT_EQ(sandbox.network_mode, "none");
  EXPECT_EQ(sandbox.workspace_bytes, std::uint64_t{192} << 20);
  EXPECT_EQ(sandbox.tmp_bytes, std::uint64_t{64} << 20);
  EXPECT_EQ(sandbox.pids, 128u);
  EXPECT_EQ(sandbox.output_bytes, std::uint64_t{64} << 20);
  EXPECT_EQ(sandbox.inodes, 65536u);
  EXPECT_EQ(sandbox.queue_timeout, absl::Minutes(1));
  EXPECT_EQ(sandbox.user, "65534:65534");
  EXPECT_EQ(sandbox.runtime, "");
  EXPECT_EQ(sandbox.pull_policy, "missing");
  EXPECT_THAT(sandbox.mounts, IsEmpty());
  EXPECT_EQ(sandbox.languages.size(), 4u);
  EXPECT_THAT(sandbox.languages.at("python").command, ElementsAre("python3"));
  EXPECT_EQ(sandbox.languages.at("python").extension, ".py");
  EXPECT_THAT(sandbox.languages.at("bash").command, ElementsAre("bash"));
  EXPECT_THAT(sandbox.languages.at("sh").command, ElementsAre("sh"));
  EXPECT_THAT(sandbox.languages.at("node").command, ElementsAre("node"));
  EXPECT_EQ(contract->defaults().autonomy.level, AutonomyLevel::kSupervised);
  EXPECT_THAT(contract->defaults().autonomy.blocked_actions, IsEmpty());
  EXPECT_TRUE(contract->defaults().approval.enabled);
  EXPECT_EQ(contract->defaults().approval.channel, "web");
  EXPECT_EQ(contract->defaults().approval.timeout, absl::Minutes(5));
  EXPECT_FALSE(contract->defaults().approval.approve_on_timeout);
  EXPECT_TRUE(contract->defaults().approval.show_full_context);
}

}  // namespace
}  // namespace airlock
