#include "common/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/problem_matchers.h"

namespace airlock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<ConfigProblem> ProblemsOf(absl::string_view text) {
  return ReadConfigText(text).problems.problems();
}

TEST(ConfigFileTest, ScalarsListsAndMapsAreRead) {
  const ConfigReading reading = ReadConfigText(R"({
    "sandbox": {"enabled": false, "timeout": 1500, "image": "a/b:c",
                "mounts": [{"source": "/srv/a", "target": "/a"}],
                "languages": {"lua": {"command": ["lua", "-"],
                                      "extension": ".lua"}}},
    "agents": {"ci-bot": {"autonomy": {"allowedActions": []}}},
    "executor": {"labels": {"zone": "a"}}
  })");

  EXPECT_THAT(reading.problems.problems(), IsEmpty());
  const config::v1::Sandbox& sandbox = reading.config.sandbox();
  EXPECT_TRUE(sandbox.has_enabled());
  EXPECT_FALSE(sandbox.enabled());
  EXPECT_EQ(sandbox.timeout(), 1500);
  EXPECT_EQ(sandbox.image(), "a/b:c");
  EXPECT_EQ(sandbox.mounts().values(0).target(), "/a");
  EXPECT_THAT(sandbox.languages().values().at("lua").command().values(),
              ElementsAre("lua", "-"));
  EXPECT_EQ(reading.config.executor().labels().at("zone"), "a");
  const config::v1::Autonomy& autonomy =
      reading.config.agents().at("ci-bot").autonomy();
  EXPECT_TRUE(autonomy.has_allowed_actions());
  EXPECT_FALSE(autonomy.has_blocked_actions());
}

TEST(ConfigFileTest, UnknownKeyNamesTheNearestOne) {
  EXPECT_THAT(
      ProblemsOf(R"({"sandbox": {"timeuot": 5}})"),
      ElementsAre(ErrorAt("sandbox.timeuot", "did you mean \"timeout\"?")));
}

TEST(ConfigFileTest, UnknownKeyFarFromAllNamesThemAll) {
  EXPECT_THAT(
      ProblemsOf(R"({"zzzzzzzz": {"a": [1, {"b": null}]}})"),
      ElementsAre(ErrorAt("zzzzzzzz", "\"approvalGating\", \"agents\"")));
}

TEST(ConfigFileTest, ProtoNamesAreNotKeys) {
  EXPECT_THAT(ProblemsOf(R"({"approval_gating": {}})"),
              ElementsAre(ErrorAt("approval_gating", "\"approvalGating\"")));
}

TEST(ConfigFileTest, DuplicateKeysAreRefusedAtEveryLevel) {
  EXPECT_THAT(
      ProblemsOf(R"({"sandbox": {"timeout": 1, "timeout": 2}, "sandbox": {},
                     "agents": {"a": {}, "a": {}}})"),
      UnorderedElementsAre(ErrorAt("sandbox.timeout", "is given twice"),
                           ErrorAt("sandbox", "is given twice"),
                           ErrorAt("agents.a", "is given twice")));
}

TEST(ConfigFileTest, EveryProblemIsToldWithItsPath) {
  EXPECT_THAT(
      ProblemsOf(R"({
        "sandbox": {"timeout": "5", "enabled": 1, "memoryLimit": 512,
                    "pidsLimit": 1.0, "cpuLimit": null, "mounts": {}},
        "autonomy": [],
        "approvalGating": {"approvers": "me",
                           "rules": [{}, {"approval": false}, 3]}
      })"),
      UnorderedElementsAre(
          ErrorAt("sandbox.timeout",
                  "must be a whole number within 64 bits: "
                  "got the string \"5\""),
          ErrorAt("sandbox.enabled", "true or false: got the number 1"),
          ErrorAt("sandbox.memoryLimit", "a string: got the number 512"),
          ErrorAt("sandbox.pidsLimit", "got the number 1.0"),
          ErrorAt("sandbox.cpuLimit", "got null"),
          ErrorAt("sandbox.mounts", "must be an array: got an object"),
          ErrorAt("autonomy", "must be an object: got an array"),
          ErrorAt("approvalGating.approvers", "must be an array"),
          ErrorAt("approvalGating.rules[1].approval", "must be a string"),
          ErrorAt("approvalGating.rules[2]", "must be an object")));
}

TEST(ConfigFileTest, NumbersOutsideInt64AreRefused) {
  EXPECT_THAT(
      ProblemsOf(R"({"sandbox": {"timeout": 9223372036854775808,
                                 "pidsLimit": -99999999999999999999,
                                 "inodeLimit": 1e3}})"),
      UnorderedElementsAre(
          ErrorAt("sandbox.timeout", "got the number 9223372036854775808"),
          ErrorAt("sandbox.pidsLimit", "got the number -99999999999999999999"),
          ErrorAt("sandbox.inodeLimit", "got the number 1e3")));
}

TEST(ConfigFileTest, MapKeysThatAreNoWordsAreQuotedInPaths) {
  EXPECT_THAT(ProblemsOf(R"({"agents": {"ci.bot": {"x": 1}, "": {}}})"),
              UnorderedElementsAre(ErrorAt("agents[\"ci.bot\"].x", "unknown"),
                                   ErrorAt("agents[\"\"]", "empty key")));
}

TEST(ConfigFileTest, NulCharactersAreRefused) {
  EXPECT_THAT(ProblemsOf(R"({"sandbox": {"image": "a\u0000b"}})"),
              ElementsAre(ErrorAt("sandbox.image", "NUL")));
}

TEST(ConfigFileTest, TextAfterANulByteIsNotOverlooked) {
  const std::string text = std::string("{}\0{\"sandbox\": 1}", 17);

  EXPECT_THAT(ProblemsOf(text), ElementsAre(ErrorAt("", "NUL bytes")));
}

TEST(ConfigFileTest, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(ProblemsOf("{\"sandbox\": {\"image\": \"\xff\"}}"),
              ElementsAre(ErrorAt("", "must be UTF-8")));
  EXPECT_THAT(ProblemsOf("{}\xc3"), ElementsAre(ErrorAt("", "byte 2")));
  // Overlong, surrogate, above U+10FFFF.
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_THAT(ProblemsOf(absl::StrCat("{\"", bad, "\": 1}")),
                ElementsAre(ErrorAt("", "must be UTF-8")));
  }
}

TEST(ConfigFileTest, TextAfterTheObjectIsRefused) {
  EXPECT_THAT(ProblemsOf("{} {}"), ElementsAre(ErrorAt("", "is not JSON")));
}

TEST(ConfigFileTest, WhatIsNotJsonIsRefusedWithWhatCameBefore) {
  EXPECT_THAT(ProblemsOf(R"({"sandbox": {"x": 1, "timeout": })"),
              ElementsAre(ErrorAt("sandbox.x", "unknown"),
                          ErrorAt("sandbox",
                                  "is not JSON: parse error at "
                                  "line 1, column 33")));
  for (const char* bad : {"{", "[", "{\"a\":}", "{'a': 1}", "{\"a\": 1,}",
                          "// x\n{}", "{\"sandbox\": NaN}", "tru"}) {
    EXPECT_TRUE(ReadConfigText(bad).problems.has_errors()) << bad;
  }
}

TEST(ConfigFileTest, OnlyAnObjectIsAConfiguration) {
  EXPECT_THAT(ProblemsOf("[]"), ElementsAre(ErrorAt("", "must be an object")));
  EXPECT_THAT(ProblemsOf("null"), ElementsAre(ErrorAt("", "got null")));
  EXPECT_THAT(ProblemsOf("7"), ElementsAre(ErrorAt("", "got the number 7")));
}

TEST(ConfigFileTest, EmptyTextIsRefused) {
  EXPECT_THAT(ProblemsOf(""), ElementsAre(ErrorAt("", "is empty")));
  EXPECT_THAT(ProblemsOf(" \n\t"), ElementsAre(ErrorAt("", "is empty")));
  EXPECT_THAT(ProblemsOf("{}"), IsEmpty());
}

TEST(ConfigFileTest, DeepNestingIsRefusedWithoutRecursion) {
  const std::string deep(kMaxConfigBytes / 2, '[');

  EXPECT_THAT(ProblemsOf(absl::StrCat("{\"zz\": ", deep)),
              testing::Contains(ErrorAt("", "deeper than 32")));
}

TEST(ConfigFileTest, ManyProblemsAreCutWithANote) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", "\"unknown-", i, "\": 1");
  }
  text += "}";

  const std::vector<ConfigProblem> problems = ProblemsOf(text);

  ASSERT_EQ(problems.size(), ProblemList::kMaxProblems + 1);
  EXPECT_THAT(problems.back().message, HasSubstr("more than 200 problems"));
}

class ConfigFileOnDiskTest : public testing::Test {
 protected:
  ~ConfigFileOnDiskTest() override { unlink(path_.c_str()); }

  const std::string path_ =
      absl::StrCat(testing::TempDir(), "/config_file_test.", getpid());
};

TEST_F(ConfigFileOnDiskTest, FileIsRead) {
  std::ofstream(path_) << R"({"sandbox": {"timeout": 7}})";

  const ConfigReading reading = ReadConfigFile(path_);

  EXPECT_FALSE(reading.problems.has_errors());
  EXPECT_EQ(reading.config.sandbox().timeout(), 7);
}

TEST_F(ConfigFileOnDiskTest, HugeFileIsRefused) {
  std::ofstream(path_) << "{";
  ASSERT_EQ(truncate(path_.c_str(), off_t{50} << 20), 0);

  EXPECT_THAT(ReadConfigFile(path_).problems.problems(),
              ElementsAre(ErrorAt("", "must be at most 1048576 bytes")));
  // Refused by who reads the file, which knows its name, and not after it all
  // was read.
  EXPECT_THAT(ReadConfigFile(path_).problems.problems(),
              ElementsAre(ErrorAt("", path_.substr(path_.size() - 20))));
}

TEST_F(ConfigFileOnDiskTest, EmptyFileIsRefused) {
  std::ofstream(path_).flush();

  EXPECT_THAT(ReadConfigFile(path_).problems.problems(),
              ElementsAre(ErrorAt("", "is empty")));
}

TEST_F(ConfigFileOnDiskTest, MissingFileDirectoryAndFifoAreRefused) {
  EXPECT_THAT(ReadConfigFile(path_).problems.problems(),
              ElementsAre(ErrorAt("", "No such file or directory")));
  EXPECT_THAT(ReadConfigFile(testing::TempDir()).problems.problems(),
              ElementsAre(ErrorAt("", "must be a regular file")));
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(ReadConfigFile(path_).problems.problems(),
              ElementsAre(ErrorAt("", "must be a regular file")));
}

}  // namespace
}  // namespace airlock
