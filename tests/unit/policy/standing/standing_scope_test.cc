#include "services/policy/standing/standing_scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"
#include "tests/unit/policy/standing/standing_cases.h"

namespace airlock::policy {
namespace {

using airlock::v1::Action;
using airlock::v1::StandingScope;
using testing::HasSubstr;

constexpr auto kRead = airlock::v1::ACTION_KIND_FILE_READ;
constexpr auto kWrite = airlock::v1::ACTION_KIND_FILE_WRITE;

bool CoversAction(const StandingScope& scope, const Action& action) {
  return Covers(scope, Subject(action));
}

absl::Status Check(const StandingScope& scope) {
  FieldViolations violations;
  CheckScope(scope, violations);
  return violations.ToStatus();
}

TEST(StandingScopeTest, HashCoversExactlyThatAction) {
  const StandingScope scope = Exactly(std::string(64, 'a'));

  EXPECT_TRUE(Covers(scope, Subject(Argv({"ls"}))));
  EXPECT_FALSE(Covers(scope, Subject(Argv({"ls"}), "", std::string(64, 'b'))));
}

TEST(StandingScopeTest, HashCoversWhatNoPatternDoes) {
  Action shell;
  shell.mutable_system_command()->set_shell("ls | wc");

  EXPECT_TRUE(CoversAction(Exactly(std::string(64, 'a')), shell));
}

TEST(StandingScopeTest, OtherAgentIsNeverCovered) {
  StandingSubject subject = Subject(Argv({"ls"}));
  subject.agent = "eve";

  EXPECT_FALSE(Covers(Exactly(subject.action_hash), subject));
  EXPECT_FALSE(Covers(CommandScope({"ls"}), subject));
}

TEST(StandingScopeTest, ScopeWithoutAnAgentCoversNothing) {
  StandingScope scope = CommandScope({"ls"});
  scope.clear_agent();
  StandingSubject subject = Subject(Argv({"ls"}));
  subject.agent = "";

  EXPECT_FALSE(Covers(scope, subject));
}

TEST(StandingScopeTest, SessionNarrows) {
  StandingScope scope = CommandScope({"ls"});
  scope.set_session("s1");

  EXPECT_TRUE(Covers(scope, Subject(Argv({"ls"}), "s1")));
  EXPECT_FALSE(Covers(scope, Subject(Argv({"ls"}), "s2")));
  EXPECT_FALSE(Covers(scope, Subject(Argv({"ls"}))));
}

TEST(StandingScopeTest, ArgvPrefixIsComparedByteForByte) {
  const StandingScope scope = CommandScope({"git", "log"});

  EXPECT_TRUE(CoversAction(scope, Argv({"git", "log"})));
  EXPECT_TRUE(CoversAction(scope, Argv({"git", "log", "-3"})));
  EXPECT_FALSE(CoversAction(scope, Argv({"git"})));
  EXPECT_FALSE(CoversAction(scope, Argv({"git", "logs"})));
  EXPECT_FALSE(CoversAction(scope, Argv({"git", "lo"})));
  EXPECT_FALSE(CoversAction(scope, Argv({"git log"})));
  EXPECT_FALSE(CoversAction(scope, Argv({"Git", "log"})));
  EXPECT_FALSE(CoversAction(scope, Argv({"/usr/bin/git", "log"})));
}

TEST(StandingScopeTest, WhatComesWithACommandMatchesNoPattern) {
  const StandingScope scope = CommandScope({"sh"});
  ASSERT_TRUE(CoversAction(scope, Argv({"sh"})));
  Action action = Argv({"sh"});
  action.mutable_system_command()->mutable_input()->set_stdin("rm -rf .");
  EXPECT_FALSE(CoversAction(scope, action));

  action = Argv({"sh"});
  action.mutable_system_command()->mutable_input()->set_accepts_later_input(
      true);
  EXPECT_FALSE(CoversAction(scope, action));

  action = Argv({"sh"});
  (*action.mutable_system_command()->mutable_input()->mutable_env())["PATH"] =
      ".";
  EXPECT_FALSE(CoversAction(scope, action));

  action = Argv({"sh"});
  action.mutable_system_command()->mutable_input()->add_files()->set_path("x");
  EXPECT_FALSE(CoversAction(scope, action));
}

TEST(StandingScopeTest, LongArgvMatchesNoPattern) {
  EXPECT_FALSE(CoversAction(CommandScope({"echo"}),
                            Argv({"echo", std::string(5000, 'x')})));
}

TEST(StandingScopeTest, FilesMatchByWholeComponents) {
  const StandingScope scope = FileScope(kRead, "src");

  EXPECT_TRUE(CoversAction(scope, Read("src")));
  EXPECT_TRUE(CoversAction(scope, Read("src/a")));
  EXPECT_TRUE(CoversAction(scope, Read("/workspace/src/a/b")));
  EXPECT_FALSE(CoversAction(scope, Read("src2")));
  EXPECT_FALSE(CoversAction(scope, Read("sr")));
  EXPECT_FALSE(CoversAction(scope, Read("other/src")));
  EXPECT_FALSE(CoversAction(scope, Read("src/../secret")));
  EXPECT_FALSE(CoversAction(scope, Read(".")));
  EXPECT_FALSE(CoversAction(scope, Write("src/a")));
}

TEST(StandingScopeTest, WrittenBothWaysAPathIsTheSame) {
  EXPECT_TRUE(CoversAction(FileScope(kRead, "/workspace/src"), Read("src/a")));
}

TEST(StandingScopeTest, WholeWorkspaceHasAllFilesOfTheKind) {
  EXPECT_TRUE(CoversAction(FileScope(kWrite, "."), Write("a/b")));
  EXPECT_FALSE(CoversAction(FileScope(kWrite, "."), Read("a/b")));
}

TEST(StandingScopeTest, ListingIsAKindOfItsOwn) {
  Action list;
  list.mutable_file_list();

  EXPECT_FALSE(CoversAction(FileScope(kRead, "."), list));
  EXPECT_TRUE(
      CoversAction(FileScope(airlock::v1::ACTION_KIND_FILE_LIST, "."), list));
}

TEST(StandingScopeTest, RecursiveDeleteMatchesNoPattern) {
  const StandingScope scope =
      FileScope(airlock::v1::ACTION_KIND_FILE_DELETE, "src");
  Action action;
  action.mutable_file_delete()->set_path("src/a");
  EXPECT_TRUE(CoversAction(scope, action));

  action.mutable_file_delete()->set_recursive(true);

  EXPECT_FALSE(CoversAction(scope, action));
}

TEST(StandingScopeTest, HostIsTheWholeHost) {
  const StandingScope scope = HttpScope("api.example.com");

  EXPECT_TRUE(CoversAction(scope, Get("https://api.example.com/a?b")));
  EXPECT_TRUE(CoversAction(scope, Get("https://API.example.com.:443/a")));
  EXPECT_FALSE(CoversAction(scope, Get("https://x.api.example.com/a")));
  EXPECT_FALSE(CoversAction(scope, Get("https://example.com/a")));
  EXPECT_FALSE(CoversAction(scope, Get("https://api.example.com@evil/a")));
  EXPECT_FALSE(CoversAction(scope, Get("https://evil/api.example.com")));
}

TEST(StandingScopeTest, PortOfItsOwnMatchesNoPattern) {
  const StandingScope scope = HttpScope("a.example");

  EXPECT_TRUE(CoversAction(scope, Get("http://a.example:80/")));
  EXPECT_FALSE(CoversAction(scope, Get("http://a.example:443/")));
  EXPECT_FALSE(CoversAction(scope, Get("https://a.example:8443/")));
  EXPECT_FALSE(CoversAction(HttpScope("::1"), Get("http://[::1]:2375/")));
  EXPECT_TRUE(CoversAction(HttpScope("::1"), Get("http://[::1]/")));
}

TEST(StandingScopeTest, UrlPathsMatchByWholeComponents) {
  const StandingScope scope = HttpScope("a.example", "/api/v1");

  EXPECT_TRUE(CoversAction(scope, Get("https://a.example/api/v1")));
  EXPECT_TRUE(CoversAction(scope, Get("https://a.example/api/v1/")));
  EXPECT_TRUE(CoversAction(scope, Get("https://a.example/api/v1/x?y#z")));
  EXPECT_FALSE(CoversAction(scope, Get("https://a.example/api/v10")));
  EXPECT_FALSE(CoversAction(scope, Get("https://a.example/api")));
  EXPECT_FALSE(CoversAction(scope, Get("https://a.example?/api/v1")));
}

TEST(StandingScopeTest, PathThatLeavesTheFolderMatchesNothing) {
  const StandingScope scope = HttpScope("a.example", "/api");
  for (const char* path :
       {"/api/../admin", "/api/%2e%2e/admin", "/api/%2E./admin", "/api//admin",
        "/api/..;/admin", "/api/%2f..%2fadmin", "/api/%252e%252e/admin",
        "/api/a;b", "/api/%5c..%5cadmin", "/api/%3b/x", "/api/./x"}) {
    EXPECT_FALSE(
        CoversAction(scope, Get(absl::StrCat("https://a.example", path))))
        << path;
  }
}

TEST(StandingScopeTest, CodeAndLinesMatchNoPattern) {
  Action code;
  code.mutable_code_exec()->set_code("1");
  Action shell;
  shell.mutable_system_command()->set_shell("ls");
  Action ssh;
  ssh.mutable_ssh_exec()->set_command("ls");
  for (const Action& action : {code, shell, ssh, Action()}) {
    StandingScope scope = CommandScope({"ls"});
    scope.mutable_pattern()->set_action_kind(
        static_cast<airlock::v1::ActionKind>(action.kind_case()));
    EXPECT_FALSE(CoversAction(scope, action)) << action.ShortDebugString();
  }
}

TEST(StandingScopeTest, EmptyPatternCoversNothing) {
  EXPECT_FALSE(CoversAction(CommandScope({}), Argv({"ls"})));
  EXPECT_FALSE(CoversAction(FileScope(kRead, ""), Read("a")));
  EXPECT_FALSE(CoversAction(HttpScope(""), Get("https://a.example/")));
  EXPECT_FALSE(CoversAction(ScopeFor("ada"), Read("a")));
}

TEST(StandingScopeTest, EachKindHasItsOwnFields) {
  EXPECT_THAT(Check(CommandScope({"ls"})), IsOk());
  EXPECT_THAT(Check(FileScope(kWrite, "src")), IsOk());
  EXPECT_THAT(Check(HttpScope("a.example")), IsOk());
  EXPECT_THAT(Check(HttpScope("a.example", "/a")), IsOk());
  EXPECT_THAT(Check(Exactly(std::string(64, 'a'))), IsOk());

  StandingScope scope = CommandScope({"ls"});
  scope.mutable_pattern()->set_path("src");
  EXPECT_THAT(Check(scope), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("scope.pattern.path")));
  scope = FileScope(kWrite, "src");
  scope.mutable_pattern()->set_host("a.example");
  EXPECT_THAT(Check(scope), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("scope.pattern.host")));
  scope = HttpScope("a.example");
  scope.mutable_pattern()->add_argv_prefix("ls");
  EXPECT_THAT(Check(scope), StatusIs(absl::StatusCode::kInvalidArgument,
                                     HasSubstr("scope.pattern.argv_prefix")));
}

TEST(StandingScopeTest, WhatWouldCoverTooMuchIsRefused) {
  EXPECT_THAT(Check(ScopeFor("ada")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(Exactly("")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(CommandScope({})),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(CommandScope({""})),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(FileScope(kRead, "")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(FileScope(kRead, "../x")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(HttpScope("")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(HttpScope("*.example")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(HttpScope("a.example", "api")),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Check(FileScope(airlock::v1::ACTION_KIND_CODE_EXEC, "x")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("scope.pattern.action_kind")));
  StandingScope nobody = CommandScope({"ls"});
  nobody.clear_agent();
  EXPECT_THAT(Check(nobody), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("scope.agent")));
}

TEST(StandingScopeTest, SummaryIsOnePrintableLine) {
  StandingScope scope = CommandScope({"echo", "a\nb\u202E"});
  scope.set_session("s1");

  EXPECT_EQ(SummarizeScope(scope),
            "agent ada in session s1: system_command beginning with echo "
            "'a\\u{000A}b\\u{202E}'");
  EXPECT_EQ(SummarizeScope(FileScope(kWrite, "src")),
            "agent ada: file_write of src and all below it");
  EXPECT_EQ(SummarizeScope(HttpScope("a.example", "/v1")),
            "agent ada: http_get to a.example below /v1");
}

}  // namespace
}  // namespace airlock::policy
