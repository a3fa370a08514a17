#include "services/runner/files/workspace_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

WorkspacePath Parse(std::string_view text) {
  WorkspacePath path;
  EXPECT_THAT(WorkspacePath::Parse(text, path), IsEmpty()) << text;
  return path;
}

std::string Problem(std::string_view text) {
  WorkspacePath path;
  return WorkspacePath::Parse(text, path);
}

TEST(WorkspacePathTest, OneFileHasOneForm) {
  for (const char* text :
       {"a/b", "/workspace/a/b", "./a/./b", "a//b", "/workspace//a/b"}) {
    const WorkspacePath path = Parse(text);
    EXPECT_EQ(path.relative(), "a/b") << text;
    EXPECT_EQ(path.parent(), "a") << text;
    EXPECT_EQ(path.name(), "b") << text;
    EXPECT_FALSE(path.names_directory()) << text;
  }
  EXPECT_EQ(Parse("a").parent(), "");
  EXPECT_EQ(Parse("a").name(), "a");
}

TEST(WorkspacePathTest, WorkspaceItselfIsADot) {
  for (const char* text : {"", ".", "./", "/workspace", "/workspace/."}) {
    EXPECT_TRUE(Parse(text).is_workspace()) << text;
    EXPECT_EQ(Parse(text).relative(), ".") << text;
    EXPECT_EQ(Parse(text).name(), "") << text;
  }
}

TEST(WorkspacePathTest, OnlyADirectoryMayEndWithASlash) {
  EXPECT_TRUE(Parse("a/").names_directory());
  EXPECT_TRUE(Parse("a/.").names_directory());
  EXPECT_TRUE(Parse("a//").names_directory());
  EXPECT_EQ(Parse("a/").relative(), "a");
}

TEST(WorkspacePathTest, NamesOfDotsAreNames) {
  EXPECT_EQ(Parse(".../..a").relative(), ".../..a");
}

TEST(WorkspacePathTest, WhatLeavesIsRefused) {
  for (const char* text :
       {"..", "../a", "a/..", "a/../b", "/workspace/..", "/workspace/../etc"}) {
    EXPECT_THAT(Problem(text), HasSubstr("\"..\"")) << text;
  }
  for (const char* text : {"/", "/etc", "/workspaces", "//workspace/a"}) {
    EXPECT_THAT(Problem(text), HasSubstr("relative or below /workspace"))
        << text;
  }
}

TEST(WorkspacePathTest, WhatNoKernelTakesIsRefused) {
  EXPECT_THAT(Problem(std::string("a\0b", 3)), HasSubstr("NUL"));
  EXPECT_THAT(Problem(std::string(4096, 'a')), HasSubstr("4095"));
  EXPECT_THAT(Problem(std::string(4095, 'a')), IsEmpty());
}

}  // namespace
}  // namespace airlock::runner
