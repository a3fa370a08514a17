// Files and directories stay below the workspace.
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class FilesTest : public RealRunnerTest {
 protected:
  static ProcessSpec WithFile(std::string path, std::string content = "x") {
    ProcessSpec spec = Command({"true"});
    spec.files = {{std::move(path), std::move(content), 0644}};
    return spec;
  }

  void ExpectRefused(const std::string& path) {
    const ProcessEnd end = Run(WithFile(path));
    EXPECT_EQ(end.ended_by, EndedBy::kNotStarted) << path;
    EXPECT_EQ(end.reason, "BAD_FILE") << path;
  }

  void ExpectCwdRefused(const std::string& path) {
    ProcessSpec spec = Command({"true"});
    spec.cwd = path;
    const ProcessEnd end = Run(spec);
    EXPECT_EQ(end.ended_by, EndedBy::kNotStarted) << path;
    EXPECT_EQ(end.reason, "BAD_CWD") << path;
  }
};

TEST_F(FilesTest, FilesAreThereWithModeAndContent) {
  std::string large(300'000, 'a');
  large[123'456] = '\0';
  ProcessSpec spec = Command({"true"});
  spec.files = {{"deep/er/large", large, 0640},
                {"/workspace/script", "echo", 0755},
                {"empty", "", 0600}};

  ASSERT_EQ(Run(spec).exit_code, 0);

  EXPECT_EQ(ReadAll(workspace_ + "/deep/er/large"), large);
  EXPECT_EQ(ReadAll(workspace_ + "/script"), "echo");
  struct stat status {};
  ASSERT_EQ(::stat((workspace_ + "/script").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0755U);
  ASSERT_EQ(::stat((workspace_ + "/empty").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(status.st_size, 0);
}

TEST_F(FilesTest, FileIsReplacedWhole) {
  ASSERT_EQ(Run(WithFile("f", "a long text")).exit_code, 0);
  ASSERT_EQ(Run(WithFile("f", "short")).exit_code, 0);

  EXPECT_EQ(ReadAll(workspace_ + "/f"), "short");
}

TEST_F(FilesTest, PathsThatLeaveTheWorkspaceAreRefused) {
  ExpectRefused("../outside");
  ExpectRefused("a/../../outside");
  ExpectRefused("a/..");
  ExpectRefused("/etc/passwd");
  ExpectRefused("/workspace/../etc/passwd");
  ExpectRefused("/workspaceother/file");
}

TEST_F(FilesTest, PathsThatNameNoFileAreRefused) {
  ExpectRefused("");
  ExpectRefused("/workspace");
  ExpectRefused("directory/");
  ExpectRefused(".");
  ExpectRefused(std::string("a\0b", 3));
  ExpectRefused(std::string(5000, 'a'));
}

TEST_F(FilesTest, LinkOutOfTheWorkspaceIsRefused) {
  const std::string outside = workspace_ + "-outside";
  std::filesystem::create_directory(outside);
  std::filesystem::create_symlink(outside, workspace_ + "/absolute");
  std::filesystem::create_symlink("../" + outside.substr(5),
                                  workspace_ + "/relative");
  std::filesystem::create_symlink("/proc/self/root", workspace_ + "/magic");

  ExpectRefused("absolute/file");
  ExpectRefused("relative/file");
  ExpectRefused("magic/tmp/file");
  ExpectCwdRefused("absolute");
  ExpectCwdRefused("relative/below");

  EXPECT_TRUE(std::filesystem::is_empty(outside));
  std::filesystem::remove_all(outside);
}

TEST_F(FilesTest, LinkIsNeverWrittenThrough) {
  std::ofstream(workspace_ + "/target") << "before";
  std::filesystem::create_symlink("target", workspace_ + "/link");

  ExpectRefused("link");

  EXPECT_EQ(ReadAll(workspace_ + "/target"), "before");
}

TEST_F(FilesTest, InnerLinkToADirectoryIsFollowed) {
  std::filesystem::create_directories(workspace_ + "/a/b");
  std::filesystem::create_symlink("../a/b", workspace_ + "/a/link");

  ASSERT_EQ(Run(WithFile("a/link/file", "text")).exit_code, 0);

  EXPECT_EQ(ReadAll(workspace_ + "/a/b/file"), "text");
}

TEST_F(FilesTest, WhatIsNoRegularFileIsRefused) {
  ASSERT_EQ(::mkfifo((workspace_ + "/fifo").c_str(), 0666), 0);
  std::filesystem::create_directory(workspace_ + "/directory");

  ExpectRefused("fifo");
  ExpectRefused("directory");
}

TEST_F(FilesTest, SetUserIdBitIsRefused) {
  ProcessSpec spec = Command({"true"});
  spec.files = {{"f", "x", 04755}};

  EXPECT_EQ(Run(spec).reason, "BAD_FILE");
}

TEST_F(FilesTest, WorkingDirectoryOutsideIsRefused) {
  ExpectCwdRefused("/");
  ExpectCwdRefused("/etc");
  ExpectCwdRefused("..");
  ExpectCwdRefused("/workspace/..");
}

TEST_F(FilesTest, WorkingDirectoryThatIsAFileIsRefused) {
  std::ofstream(workspace_ + "/file") << "x";

  ExpectCwdRefused("file");
}

TEST_F(FilesTest, FullDiskIsTold) {
  // A disk of its own, too small for the file.
  ASSERT_EQ(
      ::system(("mount -t tmpfs -o size=64k tmpfs " + workspace_).c_str()), 0);

  const ProcessEnd end = Run(WithFile("large", std::string(200'000, 'x')));

  EXPECT_EQ(end.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end.reason, "DISK_FULL");
  EXPECT_TRUE(end.hit_disk);
  client_.reset();
  ASSERT_EQ(::system(("umount " + workspace_).c_str()), 0);
}

TEST_F(FilesTest, ProcessThatFillsTheDiskHitTheLimit) {
  ASSERT_EQ(
      ::system(("mount -t tmpfs -o size=64k tmpfs " + workspace_).c_str()), 0);

  const ProcessEnd end = Run(Shell("head -c 200000 /dev/zero > large"));

  EXPECT_TRUE(end.hit_disk);
  client_.reset();
  ASSERT_EQ(::system(("umount " + workspace_).c_str()), 0);
}

TEST_F(FilesTest, MessageAboutAStrangePathIsPlainText) {
  const ProcessEnd end = Run(WithFile("/\xe2\x80\xae\n"));

  EXPECT_EQ(end.reason, "BAD_FILE");
  EXPECT_THAT(end.message, testing::HasSubstr("\\xe2\\x80\\xae\\x0a"));
}

}  // namespace
}  // namespace airlock::runner
