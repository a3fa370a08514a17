#include "services/policy/approval/action_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::internal::v1::ExecutionSpec;
using airlock::v1::ActionView;
using airlock::v1::ViewField;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Lt;
using testing::Not;
using testing::SizeIs;

constexpr std::size_t kPlenty = 1 << 20;

ExecutionSpec CodeSpec(const std::string& code) {
  ExecutionSpec spec;
  spec.set_agent("bot");
  spec.mutable_action()->mutable_code_exec()->set_language("python");
  spec.mutable_action()->mutable_code_exec()->set_code(code);
  spec.mutable_sandbox()->set_network_mode("none");
  return spec;
}

ExecutionSpec ArgvSpec(const std::vector<std::string>& args) {
  ExecutionSpec spec;
  auto& argv = *spec.mutable_action()->mutable_system_command()->mutable_argv();
  for (const std::string& arg : args) argv.add_args(arg);
  return spec;
}

ActionView ViewOf(const ExecutionSpec& spec, std::size_t max_bytes = kPlenty) {
  return RenderAction(spec.SerializeAsString(), max_bytes);
}

std::vector<ViewField> FieldsOf(const ActionView& view,
                                const std::string& name) {
  std::vector<ViewField> found;
  for (const ViewField& field : view.fields()) {
    if (field.name() == name) found.push_back(field);
  }
  return found;
}

// The texts of all fields with the name.
std::vector<std::string> TextsOf(const ActionView& view,
                                 const std::string& name) {
  std::vector<std::string> texts;
  for (const ViewField& field : FieldsOf(view, name)) {
    texts.push_back(field.text());
  }
  return texts;
}

TEST(ActionViewTest, CodeIsABlockInItsLanguage) {
  const ActionView view = ViewOf(CodeSpec("import os\nprint(1)\n"));

  EXPECT_TRUE(view.complete());
  EXPECT_THAT(TextsOf(view, "action"), ElementsAre("code_exec"));
  EXPECT_THAT(TextsOf(view, "agent"), ElementsAre("bot"));
  EXPECT_THAT(TextsOf(view, "network"), ElementsAre("none"));
  ASSERT_THAT(FieldsOf(view, "code"), SizeIs(1));
  const ViewField code = FieldsOf(view, "code").front();
  EXPECT_EQ(code.text(), "import os\nprint(1)\n");
  EXPECT_TRUE(code.block());
  EXPECT_EQ(code.language(), "python");
}

TEST(ActionViewTest, ArgumentsAreToldApart) {
  EXPECT_THAT(TextsOf(ViewOf(ArgvSpec({"rm", "-rf", "a b", ""})), "command"),
              ElementsAre("rm -rf 'a b' ''"));
  EXPECT_THAT(TextsOf(ViewOf(ArgvSpec({"sh", "-c", "a\nb"})), "command"),
              ElementsAre("sh -c 'a\nb'"));
}

TEST(ActionViewTest, WhatCouldDeceiveIsShownEscaped) {
  const std::string hidden = "ok \u202Eevil\u2066 \u200B\x1b[2K\r";
  constexpr char kSeen[] =
      "ok \\u{202E}evil\\u{2066} \\u{200B}\\u{001B}[2K\\u{000D}";
  ExecutionSpec spec = CodeSpec(hidden);
  auto& input = *spec.mutable_action()->mutable_code_exec()->mutable_input();
  (*input.mutable_env())["NAME"] = hidden;
  input.set_stdin(absl::StrCat(hidden, "\xff"));
  input.set_cwd(hidden);
  spec.set_agent(hidden);

  const ActionView view = ViewOf(spec);

  EXPECT_THAT(TextsOf(view, "code"), ElementsAre(kSeen));
  EXPECT_THAT(TextsOf(view, "environment"),
              ElementsAre(absl::StrCat("NAME=", kSeen)));
  EXPECT_THAT(TextsOf(view, "standard input"),
              ElementsAre(absl::StrCat(kSeen, "\\x{FF}")));
  EXPECT_THAT(TextsOf(view, "working directory"), ElementsAre(kSeen));
  EXPECT_THAT(TextsOf(view, "agent"), ElementsAre(kSeen));
}

TEST(ActionViewTest, NothingIsPushedOutOfSight) {
  const ActionView view = ViewOf(CodeSpec(absl::StrCat(
      "a()", std::string(500, ' '), "evil()", std::string(90, '\n'), "b()")));

  EXPECT_TRUE(view.complete());
  EXPECT_THAT(TextsOf(view, "code"),
              ElementsAre("a()\\{500 blanks}evil()\n\\{90 line feeds}\nb()"));
}

TEST(ActionViewTest, ValueWithALineFeedIsNoSecondValue) {
  ExecutionSpec spec = CodeSpec("x");
  auto& env = *spec.mutable_action()
                   ->mutable_code_exec()
                   ->mutable_input()
                   ->mutable_env();
  env["B"] = "1\nC=2";
  env["A"] = "0";

  EXPECT_THAT(TextsOf(ViewOf(spec), "environment"),
              ElementsAre("A=0", "B=1\\u{000A}C=2"));
}

TEST(ActionViewTest, EmptyFileIsAFile) {
  ExecutionSpec spec = CodeSpec("x");
  auto& file =
      *spec.mutable_action()->mutable_code_exec()->mutable_input()->add_files();
  file.set_path("conftest.py");
  file.set_mode(0755);

  const ActionView view = ViewOf(spec);

  EXPECT_THAT(TextsOf(view, "file 1"), ElementsAre("conftest.py"));
  EXPECT_THAT(TextsOf(view, "file 1 mode"), ElementsAre("0755"));
  EXPECT_THAT(TextsOf(view, "file 1 content"), ElementsAre(""));
}

TEST(ActionViewTest, LimitsReadAsInTheConfiguration) {
  ExecutionSpec spec = CodeSpec("x");
  spec.mutable_sandbox()->set_memory_bytes(512U << 20U);
  spec.mutable_sandbox()->set_cpu_millis(250);
  *spec.mutable_timeout() = ToProto(absl::Milliseconds(1500));
  auto& mount = *spec.mutable_sandbox()->add_mounts();
  mount.set_source("/srv/my data");
  mount.set_target("/data");

  const ActionView view = ViewOf(spec);

  EXPECT_THAT(TextsOf(view, "memory"), ElementsAre("512m"));
  EXPECT_THAT(TextsOf(view, "processors"), ElementsAre("0.250"));
  EXPECT_THAT(TextsOf(view, "timeout"), ElementsAre("1.5s"));
  EXPECT_THAT(TextsOf(view, "mount"),
              ElementsAre("'/srv/my data' at /data, read only"));
  EXPECT_THAT(TextsOf(view, "session"),
              ElementsAre("none: a sandbox of its own"));
}

TEST(ActionViewTest, CutIsMarkedAndNothingToApprove) {
  const ActionView view = ViewOf(CodeSpec(std::string(5000, 'x')), 1000);

  EXPECT_FALSE(view.complete());
  const ViewField code = FieldsOf(view, "code").front();
  EXPECT_EQ(code.text().size() + code.cut_bytes(), 5000);
  EXPECT_GT(code.text().size(), 900);
}

TEST(ActionViewTest, LongCodeLeavesRoomForWhatComesBehindIt) {
  const ActionView view = ViewOf(CodeSpec(std::string(100000, 'x')), 1000);

  EXPECT_THAT(TextsOf(view, "network"), ElementsAre("none"));
  EXPECT_THAT(TextsOf(view, "agent"), ElementsAre("bot"));
}

TEST(ActionViewTest, TextIsBoundedWhateverComes) {
  ExecutionSpec spec = CodeSpec(std::string(100000, '\t'));
  auto& input = *spec.mutable_action()->mutable_code_exec()->mutable_input();
  for (int i = 0; i < 256; ++i) {
    (*input.mutable_env())[absl::StrCat("NAME", i)] = std::string(i * 7, '\t');
    input.add_files()->set_content(std::string(i * 11, '\xff'));
  }
  for (const std::size_t max : {0, 100, 4000, 100000}) {
    std::size_t bytes = 0;
    const ActionView view = ViewOf(spec, max);
    for (const ViewField& field : view.fields()) bytes += field.text().size();

    EXPECT_LE(bytes, max);
    EXPECT_FALSE(view.complete());
  }
}

TEST(ActionViewTest, BytesThatAreNoSpecAreNothingToApprove) {
  const ActionView view = RenderAction("\xff\xff\xff", kPlenty);

  EXPECT_FALSE(view.complete());
  EXPECT_THAT(TextsOf(view, "problem"), SizeIs(1));
}

TEST(ActionViewTest, UnknownFieldIsNothingToApprove) {
  ExecutionSpec spec = CodeSpec("x");
  spec.mutable_action()
      ->mutable_code_exec()
      ->GetReflection()
      ->MutableUnknownFields(spec.mutable_action()->mutable_code_exec())
      ->AddVarint(9000, 1);

  const ActionView view = ViewOf(spec);

  EXPECT_FALSE(view.complete());
  EXPECT_THAT(TextsOf(view, "problem"),
              ElementsAre(HasSubstr("unknown to this version")));
  EXPECT_THAT(TextsOf(view, "code"), ElementsAre("x"));
}

TEST(ActionViewTest, NoActionIsNothingToApprove) {
  EXPECT_FALSE(ViewOf(ExecutionSpec()).complete());
}

TEST(SummaryTest, SaysWhatRuns) {
  EXPECT_EQ(SummarizeAction(ArgvSpec({"rm", "-rf", "a b"})),
            "system_command: rm -rf 'a b'");
  EXPECT_EQ(SummarizeAction(CodeSpec("print(1)")),
            "code_exec python: print(1)");
}

TEST(SummaryTest, SaysWhatComesWithIt) {
  ExecutionSpec spec = ArgvSpec({"ls"});
  auto& input =
      *spec.mutable_action()->mutable_system_command()->mutable_input();
  (*input.mutable_env())["LD_PRELOAD"] = "x.so";
  input.set_stdin("rm");
  input.set_accepts_later_input(true);
  input.add_files();

  EXPECT_EQ(SummarizeAction(spec),
            "system_command: ls (with stdin, later input, env, files)");
}

TEST(SummaryTest, IsOnePrintableLineThatSaysWhenItIsCut) {
  const std::string cut = SummarizeAction(CodeSpec(std::string(9999, 'x')));
  EXPECT_THAT(cut, testing::EndsWith("x..."));
  EXPECT_THAT(cut.size(), Lt(200));
  EXPECT_EQ(SummarizeAction(CodeSpec("a\n\u202Eb")),
            "code_exec python: a\\u{000A}\\u{202E}b");
  EXPECT_THAT(SummarizeAction(CodeSpec("short")), Not(HasSubstr("...")));
}

}  // namespace
}  // namespace airlock::policy
