#include "services/cli/run/action_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/support/status_matchers.h"

namespace airlock::cli {
namespace {

using ::airlock::v1::Action;
using ::airlock::v1::ExecuteRequest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<Action> Make(const ActionOptions& options) {
  return MakeAction(options, "", "");
}

TEST(MakeActionTest, WordsBecomeAnArgv) {
  const auto action = Make({.words = {"echo", "-n", "a b", ""}});

  ASSERT_THAT(action, IsOk());
  EXPECT_THAT(action->system_command().argv().args(),
              ElementsAre("echo", "-n", "a b", ""));
}

TEST(MakeActionTest, ShellLineStaysALine) {
  const auto action = Make({.shell = "ls | wc -l"});

  ASSERT_THAT(action, IsOk());
  EXPECT_EQ(action->system_command().shell(), "ls | wc -l");
}

TEST(MakeActionTest, FirstWordIsTheCode) {
  const auto action =
      Make({.language = "python", .words = {"print(1)", "one", "two"}});

  ASSERT_THAT(action, IsOk());
  EXPECT_EQ(action->code_exec().language(), "python");
  EXPECT_EQ(action->code_exec().code(), "print(1)");
  EXPECT_THAT(action->code_exec().args(), ElementsAre("one", "two"));
}

TEST(MakeActionTest, FilesCodeLeavesAllWordsAsArguments) {
  const auto action =
      MakeAction({.language = "python", .file = "main.py", .words = {"one"}},
                 "import os", "");

  ASSERT_THAT(action, IsOk());
  EXPECT_EQ(action->code_exec().code(), "import os");
  EXPECT_THAT(action->code_exec().args(), ElementsAre("one"));
}

TEST(MakeActionTest, InputGoesAlong) {
  const auto action = MakeAction(
      {.env = {"A=1", "B=x=y", "C="}, .cwd = "sub", .words = {"cat"}}, "",
      "typed");

  ASSERT_THAT(action, IsOk());
  const auto& input = action->system_command().input();
  EXPECT_EQ(input.stdin(), "typed");
  EXPECT_EQ(input.cwd(), "sub");
  EXPECT_EQ(input.env().at("A"), "1");
  EXPECT_EQ(input.env().at("B"), "x=y");
  EXPECT_EQ(input.env().at("C"), "");
}

TEST(MakeActionTest, NameAloneTakesTheValueFromHere) {
  setenv("AIRLOCK_TEST_VALUE", "from here", 1);
  const auto action = Make({.env = {"AIRLOCK_TEST_VALUE"}, .words = {"env"}});

  ASSERT_THAT(action, IsOk());
  EXPECT_EQ(action->system_command().input().env().at("AIRLOCK_TEST_VALUE"),
            "from here");
  EXPECT_THAT(Make({.env = {"AIRLOCK_TEST_NOT_SET"}, .words = {"env"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("AIRLOCK_TEST_NOT_SET")));
}

TEST(MakeActionTest, ContradictionsAreRefused) {
  const auto invalid = absl::StatusCode::kInvalidArgument;

  EXPECT_THAT(Make({}), StatusIs(invalid, HasSubstr("nothing to run")));
  EXPECT_THAT(Make({.language = "python"}),
              StatusIs(invalid, HasSubstr("no code")));
  EXPECT_THAT(Make({.file = "a.py", .words = {"a"}}),
              StatusIs(invalid, HasSubstr("--file needs --lang")));
  EXPECT_THAT(Make({.language = "sh", .shell = "ls"}),
              StatusIs(invalid, HasSubstr("exclude")));
  EXPECT_THAT(Make({.shell = "ls", .words = {"-l"}}),
              StatusIs(invalid, HasSubstr("one line")));
  EXPECT_THAT(Make({.env = {"=x"}, .words = {"ls"}}),
              StatusIs(invalid, HasSubstr("NAME=VALUE")));
}

TEST(MakeActionTest, SshLineIsAnActionOfItsOwn) {
  const auto action = Make({.ssh = "uname -a"});

  ASSERT_THAT(action, IsOk());
  EXPECT_EQ(action->ssh_exec().command(), "uname -a");
}

TEST(MakeActionTest, SshLineTakesNothingBesideIt) {
  const auto invalid = absl::StatusCode::kInvalidArgument;

  EXPECT_THAT(Make({.language = "sh", .ssh = "ls"}),
              StatusIs(invalid, HasSubstr("leave out --lang")));
  EXPECT_THAT(Make({.file = "f", .ssh = "ls"}),
              StatusIs(invalid, HasSubstr("--file")));
  EXPECT_THAT(Make({.shell = "ls", .ssh = "ls"}),
              StatusIs(invalid, HasSubstr("--shell")));
  EXPECT_THAT(Make({.ssh = "ls", .env = {"A=1"}}),
              StatusIs(invalid, HasSubstr("--env")));
  EXPECT_THAT(Make({.ssh = "ls", .cwd = "sub"}),
              StatusIs(invalid, HasSubstr("--cwd")));
  EXPECT_THAT(Make({.ssh = "ls", .accepts_later_input = true}),
              StatusIs(invalid, HasSubstr("--interactive")));
  EXPECT_THAT(Make({.ssh = "ls", .words = {"-l"}}),
              StatusIs(invalid, HasSubstr("after --")));
  EXPECT_THAT(MakeAction({.ssh = "ls"}, "", "typed"),
              StatusIs(invalid, HasSubstr("standard input")));
}

TEST(MakeActionTest, CodeIsBounded) {
  EXPECT_THAT(Make({.language = "sh", .words = {std::string(1 << 20, 'a')}}),
              IsOk());
  EXPECT_THAT(
      Make({.language = "sh", .words = {std::string((1 << 20) + 1, 'a')}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1048576")));
}

TEST(SetLimitsTest, UnsetStaysUnset) {
  ExecuteRequest request;

  ASSERT_THAT(SetLimits({}, request), IsOk());

  EXPECT_FALSE(request.has_timeout());
  EXPECT_FALSE(request.has_limits());
}

TEST(SetLimitsTest, ValuesAreTranslated) {
  ExecuteRequest request;

  ASSERT_THAT(SetLimits({.timeout = "1m30s",
                         .memory = "128m",
                         .cpu = "0.5",
                         .pids = 7,
                         .output = "1k"},
                        request),
              IsOk());

  EXPECT_EQ(request.timeout().seconds(), 90);
  EXPECT_EQ(request.limits().memory_bytes(), 134217728U);
  EXPECT_EQ(request.limits().cpu_millis(), 500U);
  EXPECT_EQ(request.limits().pids(), 7U);
  EXPECT_EQ(request.limits().output_bytes(), 1024U);
}

TEST(SetLimitsTest, NonsenseIsRefusedWithTheOptionsName) {
  const auto refuses = [](const LimitOptions& options, const char* option) {
    ExecuteRequest request;
    EXPECT_THAT(
        SetLimits(options, request),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(option)));
  };

  for (const char* timeout : {"10", "-1s", "0s", "soon", "1x", "inf"}) {
    refuses({.timeout = timeout}, "--timeout");
  }
  for (const char* memory : {"512x", "-1", "0", "m"}) {
    refuses({.memory = memory}, "--memory");
  }
  for (const char* cpu : {"0", "-1", "fast"}) refuses({.cpu = cpu}, "--cpu");
  refuses({.output = "1kb2"}, "--output-limit");
}

}  // namespace
}  // namespace airlock::cli
