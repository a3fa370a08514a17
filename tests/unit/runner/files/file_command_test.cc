#include "services/runner/files/file_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string_view>;

FileCommand Read(const Words& words) {
  FileCommand command;
  const CommandError error = ReadFileCommand(words, command);
  EXPECT_TRUE(error.ok()) << error.message;
  return command;
}

CommandError Problem(const Words& words) {
  FileCommand command;
  return ReadFileCommand(words, command);
}

TEST(FileCommandTest, EveryOptionIsRead) {
  const FileCommand read =
      Read({"read", "--path", "--limit", "--offset", "18446744073709551615",
            "--limit", "2", "--workspace", "/w"});
  EXPECT_EQ(read.kind, FileCommand::Kind::kRead);
  EXPECT_EQ(read.path.relative(), "--limit");
  EXPECT_EQ(read.offset, UINT64_MAX);
  EXPECT_EQ(read.limit, 2U);
  EXPECT_EQ(read.workspace, "/w");

  const FileCommand write = Read({"write", "--path", "a", "--size", "8388608",
                                  "--mode", "0755", "--existing", "append"});
  EXPECT_EQ(write.kind, FileCommand::Kind::kWrite);
  EXPECT_EQ(write.size, std::uint64_t{8} << 20);
  EXPECT_EQ(write.mode, 0755U);
  EXPECT_EQ(write.existing, Existing::kAppend);

  const FileCommand remove =
      Read({"delete", "--path", "a", "--recursive", "yes"});
  EXPECT_EQ(remove.kind, FileCommand::Kind::kDelete);
  EXPECT_TRUE(remove.recursive);
}

TEST(FileCommandTest, WhatIsNotToldHasTheMildestMeaning) {
  const FileCommand write = Read({"write", "--path", "a"});
  EXPECT_EQ(write.workspace, "/workspace");
  EXPECT_EQ(write.size, 0U);
  EXPECT_FALSE(write.mode.has_value());
  EXPECT_EQ(write.existing, Existing::kOverwrite);
  EXPECT_FALSE(Read({"delete", "--path", "a"}).recursive);
  EXPECT_TRUE(Read({"list"}).path.is_workspace());
}

TEST(FileCommandTest, WrongWordsAreRefused) {
  for (const Words& words : std::vector<Words>{
           {},
           {"move", "--path", "a"},
           {"read"},
           {"read", "--path"},
           {"read", "--path", "a", "--path", "b"},
           {"read", "--path", "a", "--offset", "1", "--offset", "2"},
           {"read", "--path", "a", "--offset", "-1"},
           {"read", "--path", "a", "--offset", "18446744073709551616"},
           {"read", "--path", "a", "--limit", "1k"},
           {"read", "--path", "a", "--limit", ""},
           {"read", "--path", "a", "--mode", "0644"},
           {"list", "--recursive", "yes"},
           {"write", "--path", "a", "--size", "8388609"},
           {"write", "--path", "a", "--mode", "1000"},
           {"write", "--path", "a", "--mode", "8"},
           {"write", "--path", "a", "--existing", "keep"},
           {"delete", "--path", "a", "--recursive", "1"},
           {"list", "--workspace", ""}}) {
    const CommandError error = Problem(words);
    EXPECT_FALSE(error.ok()) << (words.empty() ? "" : words.back());
    EXPECT_FALSE(error.is_path);
  }
}

TEST(FileCommandTest, BadPathIsToldApart) {
  const CommandError error = Problem({"read", "--path", "../a"});

  EXPECT_TRUE(error.is_path);
  EXPECT_THAT(error.message, HasSubstr(".."));
}

}  // namespace
}  // namespace airlock::runner
