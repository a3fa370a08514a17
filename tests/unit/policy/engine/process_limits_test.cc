#include "services/policy/engine/process_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/unit/policy/engine/action_limits_fixture.h"

namespace airlock::policy {
namespace {

using ProcessLimitsTest = ActionLimitsTest;

TEST_F(ProcessLimitsTest, EnvironmentIsBounded) {
  auto& env = *code().mutable_input()->mutable_env();
  for (const char* bad : {"", "1A", "A-B", "A=B", "\xc3\xa4", "A B"}) {
    env.clear();
    env[bad] = "x";
    ExpectRefused("action.code_exec.input.env", "names must be like");
  }
  env.clear();
  for (int i = 0; i <= kMaxEnvEntries; ++i) env[absl::StrCat("A", i)] = "";
  ExpectRefused("action.code_exec.input.env", "at most 256 entries");
  env.clear();
  env["A"] = std::string(70000, 'a');
  env["B"] = std::string(70000, 'a');
  ExpectRefused("action.code_exec.input.env", "bytes together");
}

TEST_F(ProcessLimitsTest, WorkingDirectoryStaysInTheWorkspace) {
  for (const char* good : {".", "a/b", "/workspace", "/workspace/a"}) {
    code().mutable_input()->set_cwd(good);
    EXPECT_THAT(Validate(), IsOk()) << good;
  }
  for (const char* bad : {"/", "/etc", "..", "a/../..", "/workspace/../etc"}) {
    code().mutable_input()->set_cwd(bad);
    ExpectRefused("action.code_exec.input.cwd", "must");
  }
}

TEST_F(ProcessLimitsTest, FilesStayInTheWorkspace) {
  for (const char* bad : {"", "/etc/passwd", "../a", "a//b", "a/", "./a", ".",
                          "/workspace", "/workspace/", "/workspace/../a"}) {
    code().mutable_input()->clear_files();
    AddFile(bad);
    ExpectRefused("action.code_exec.input.files[0].path", "must");
  }
}

TEST_F(ProcessLimitsTest, FilesAreGivenOnce) {
  AddFile("a/b");
  AddFile("/workspace/a/b");
  ExpectRefused("files[1].path", "must be given once");
  code().mutable_input()->clear_files();
  AddFile("a/b/c");
  AddFile("a");
  ExpectRefused("files[1].path", "a file and another's folder");
  code().mutable_input()->clear_files();
  AddFile("a");
  AddFile("a-b");
  AddFile("a/b");
  ExpectRefused("files[2].path", "a file and another's folder");
}

TEST_F(ProcessLimitsTest, FilesAreBounded) {
  AddFile("a").set_mode(01777);
  ExpectRefused("files[0].mode", "at most 0777 (octal): got 01777");
  code().mutable_input()->clear_files();
  AddFile("a").set_content(std::string(kMaxFilesBytes / 2, 'a'));
  AddFile("b").set_content(std::string(kMaxFilesBytes / 2 + 1, 'a'));
  ExpectRefused("action.code_exec.input.files", "bytes of content together");
  code().mutable_input()->clear_files();
  for (int i = 0; i <= kMaxFiles; ++i) AddFile(absl::StrCat("f", i));
  ExpectRefused("action.code_exec.input.files", "at most 256 files");
}

}  // namespace
}  // namespace airlock::policy
