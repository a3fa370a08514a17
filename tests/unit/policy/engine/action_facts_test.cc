#include "services/policy/engine/action_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/policy/engine/action_paths.h"
#include "services/policy/engine/url_host.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RenderQuotedTest, ArgumentsCannotBeMistaken) {
  EXPECT_EQ(RenderQuoted({"ls", "-la", "a/b.c:1=2@3%4+5,6"}),
            "ls -la a/b.c:1=2@3%4+5,6");
  EXPECT_EQ(RenderQuoted({"echo", "a b"}), "echo 'a b'");
  EXPECT_EQ(RenderQuoted({"echo", ""}), "echo ''");
  EXPECT_EQ(RenderQuoted({"echo", "it's"}), "echo 'it'\\''s'");
  EXPECT_EQ(RenderQuoted({"echo", "a\nb", "$x", "~", "*"}),
            "echo 'a\nb' '$x' '~' '*'");
  EXPECT_NE(RenderQuoted({"a", "b"}), RenderQuoted({"a b"}));
  EXPECT_NE(RenderQuoted({"a", "", "b"}), RenderQuoted({"a", "b"}));
  EXPECT_EQ(RenderPlain({"a", "b c"}), "a b c");
}

TEST(RelativeToWorkspaceTest, OneNameForEachPath) {
  EXPECT_EQ(RelativeToWorkspace("a/b").value(), "a/b");
  EXPECT_EQ(RelativeToWorkspace("/workspace/a/b").value(), "a/b");
  EXPECT_EQ(RelativeToWorkspace("/workspace").value(), ".");
  EXPECT_EQ(RelativeToWorkspace(".").value(), ".");
  EXPECT_EQ(RelativeToWorkspace("...").value(), "...");
  EXPECT_EQ(RelativeToWorkspace("workspace/a").value(), "workspace/a");
}

TEST(RelativeToWorkspaceTest, EverythingElseIsRefused) {
  for (const std::string& bad :
       {std::string(), std::string("/"), std::string("/etc/passwd"),
        std::string("/workspacex/a"), std::string("/workspace/"),
        std::string("/workspace//a"), std::string("/workspace/../etc"),
        std::string("a//b"), std::string("a/"), std::string("./a"),
        std::string("a/./b"), std::string("a/../b"), std::string(".."),
        std::string("a\0b", 3), std::string("\xff"), std::string(256, 'a'),
        std::string(4096, '/')}) {
    EXPECT_THAT(RelativeToWorkspace(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must")))
        << bad;
  }
}

TEST(HostOfUrlTest, HostIsCanonical) {
  EXPECT_EQ(HostOfUrl("http://example.com").value(), "example.com");
  EXPECT_EQ(HostOfUrl("HTTPS://Example.COM.:443/a?b#c").value(), "example.com");
  EXPECT_EQ(HostOfUrl("http://10.0.0.1:80/").value(), "10.0.0.1");
  EXPECT_EQ(HostOfUrl("http://[::1]:80/").value(), "::1");
  EXPECT_EQ(HostOfUrl("http://[::1]").value(), "::1");
  EXPECT_EQ(HostOfUrl("http://example.com/@evil").value(), "example.com");
  EXPECT_EQ(HostOfUrl("http://example.com:/").value(), "example.com");
}

TEST(HostOfUrlTest, WhatTwoParsersCouldReadDifferentlyIsRefused) {
  for (const std::string& bad : {std::string(),
                                 std::string("example.com"),
                                 std::string("ftp://a"),
                                 std::string("file:///etc/passwd"),
                                 std::string("http://"),
                                 std::string("http:///a"),
                                 std::string("http://u@a/"),
                                 std::string("http://u:p@a/"),
                                 std::string("http://a\\@b/"),
                                 std::string("http://a b/"),
                                 std::string("http://a\n/"),
                                 std::string("http://\xc3\xa4/"),
                                 std::string("http://%61/"),
                                 std::string("http://a:b/"),
                                 std::string("http://a:123456/"),
                                 std::string("http://a:80:90/"),
                                 std::string("http://[::1/"),
                                 std::string("http://::1/"),
                                 std::string("http://[a]/"),
                                 std::string("http://[::1]x/"),
                                 std::string("http://0x7f.1/"),
                                 std::string("http://2130706433/"),
                                 std::string("http://127.1/"),
                                 std::string("http://010.0.0.1/"),
                                 std::string("http://a../"),
                                 std::string("http://-a/"),
                                 "http://a/" + std::string(8192, 'a')}) {
    EXPECT_THAT(HostOfUrl(bad),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("must")))
        << bad;
  }
}

TEST(FactsFromActionTest, ArgvHasBothRenderings) {
  airlock::v1::Action action;
  action.mutable_system_command()->mutable_argv()->add_args("echo");
  action.mutable_system_command()->mutable_argv()->add_args("a b");

  const ActionFacts facts = FactsFromAction(action, "bot");

  EXPECT_EQ(facts.word, ActionWord::kSystemCommand);
  EXPECT_EQ(facts.agent, "bot");
  EXPECT_EQ(facts.unjudgeable, "");
  EXPECT_EQ(facts.exact_command, "echo 'a b'");
  EXPECT_THAT(facts.command_texts, ElementsAre("echo a b", "echo 'a b'"));
}

TEST(FactsFromActionTest, NoKindHasNoWord) {
  EXPECT_EQ(FactsFromAction(airlock::v1::Action(), "bot").word, std::nullopt);
}

TEST(AcceptsLaterInputTest, SaysWhatTheActionSays) {
  airlock::v1::Action action;
  EXPECT_FALSE(AcceptsLaterInput(action));
  action.mutable_code_exec()->mutable_input()->set_accepts_later_input(true);
  EXPECT_TRUE(AcceptsLaterInput(action));
  action.mutable_system_command()->set_shell("cat");
  EXPECT_FALSE(AcceptsLaterInput(action));
  action.mutable_system_command()->mutable_input()->set_accepts_later_input(
      true);
  EXPECT_TRUE(AcceptsLaterInput(action));
}

TEST(FactsFromActionTest, ListOfTheWorkspaceItselfHasAPath) {
  airlock::v1::Action action;
  action.mutable_file_list();

  const ActionFacts facts = FactsFromAction(action, "bot");

  EXPECT_EQ(facts.word, ActionWord::kFileRead);
  EXPECT_EQ(facts.path, ".");
  EXPECT_EQ(facts.unjudgeable, "");
}

}  // namespace
}  // namespace airlock::policy
