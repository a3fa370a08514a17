// file_read: the bytes of a regular file, and nothing else.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/sanitized.h"
#include "tests/unit/runner/files/file_action_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ReadTest : public FileActionTest {
 protected:
  FileResult ReadRange(const std::string& path, std::uint64_t offset,
                       std::uint64_t limit) {
    return Run({"read", "--path", path, "--offset", std::to_string(offset),
                "--limit", std::to_string(limit)});
  }
};

TEST_F(ReadTest, BytesComeAsTheyAre) {
  const std::string content("a\0b\n\xff\r\n", 7);
  MakeFile("f", content);

  for (const char* path : {"f", "/workspace/f", "./f", "/workspace//f"}) {
    const FileResult result = Read(path);

    EXPECT_THAT(result, EndsAs(FileEnd::kDone)) << path;
    EXPECT_EQ(result.out, content) << path;
    EXPECT_THAT(result.err, IsEmpty());
  }
}

TEST_F(ReadTest, RangeIsCutAtTheEnd) {
  MakeFile("f", "0123456789");

  EXPECT_EQ(ReadRange("f", 0, 0).out, "0123456789");
  EXPECT_EQ(ReadRange("f", 3, 4).out, "3456");
  EXPECT_EQ(ReadRange("f", 8, 100).out, "89");
  EXPECT_EQ(ReadRange("f", 9, UINT64_MAX).out, "9");
}

TEST_F(ReadTest, AtOrBeyondTheEndNothingIsRead) {
  MakeFile("f", "0123456789");
  MakeFile("empty", "");

  for (const std::uint64_t offset : {std::uint64_t{10}, std::uint64_t{11},
                                     std::uint64_t{1} << 63, UINT64_MAX}) {
    const FileResult result = ReadRange("f", offset, 1);
    EXPECT_THAT(result, EndsAs(FileEnd::kDone)) << offset;
    EXPECT_THAT(result.out, IsEmpty()) << offset;
  }
  EXPECT_THAT(ReadRange("empty", 0, 0), EndsAs(FileEnd::kDone));
}

TEST_F(ReadTest, OffsetsBeyondFourGigabytesWork) {
  constexpr std::uint64_t kFar = std::uint64_t{5} << 30;
  MakeFile("f", "");
  std::filesystem::resize_file(workspace_ + "/f", kFar);
  std::ofstream(workspace_ + "/f", std::ios::app) << "far away";

  EXPECT_EQ(ReadRange("f", kFar + 4, 100).out, "away");
  EXPECT_EQ(ReadRange("f", kFar - 1, 2).out, std::string("\0f", 2));
}

TEST_F(ReadTest, LargeFileNeedsLittleMemory) {
  const std::string content(100 << 20, 'x');
  MakeFile("f", content);
  if (!kSanitized) {
    prepare_ = [] {
      const rlimit limit = {16 << 20, 16 << 20};
      ::setrlimit(RLIMIT_AS, &limit);
    };
  }

  const FileResult result = Read("f");

  EXPECT_THAT(result, EndsAs(FileEnd::kDone));
  EXPECT_TRUE(result.out == content);
}

TEST_F(ReadTest, WhatIsNotThereIsNotFound) {
  EXPECT_THAT(Read("f"), EndsAs(FileEnd::kNotFound));
  EXPECT_THAT(Read("no/such/f"), EndsAs(FileEnd::kNotFound));
  MakeLink("nowhere", "dangling");
  EXPECT_THAT(Read("dangling"), EndsAs(FileEnd::kNotFound));
}

TEST_F(ReadTest, ErrorIsOneSentenceWithThePath) {
  const FileResult result = Read("no\nsuch\x1b[31m");

  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err,
            "\"no\\x0asuch\\x1b[31m\": No such file or directory\n");
}

TEST_F(ReadTest, FileOnTheWayIsNotADirectory) {
  MakeFile("f", "x");

  EXPECT_THAT(Read("f/g"), EndsAs(FileEnd::kNotADirectory));
}

TEST_F(ReadTest, WhatIsNoRegularFileNeverHangs) {
  MakeDirectory("directory");
  ASSERT_EQ(::mkfifo((workspace_ + "/fifo").c_str(), 0666), 0);
  ASSERT_EQ(
      ::mknod((workspace_ + "/device").c_str(), S_IFCHR | 0666, makedev(1, 5)),
      0);
  const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (workspace_ + "/socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(server, reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
            0);
  MakeLink("fifo", "link");

  for (const char* path :
       {"directory", "fifo", "device", "socket", "link", ".", "/workspace"}) {
    const FileResult result = Read(path);
    EXPECT_THAT(result, EndsAs(FileEnd::kNotAFile)) << path;
    EXPECT_THAT(result.out, IsEmpty()) << path;
  }
  ::close(server);
}

TEST_F(ReadTest, InnerRelativeLinksAreFollowed) {
  MakeDirectory("a");
  MakeFile("f", "content");
  MakeLink("../f", "a/up");
  MakeLink("a", "b");

  EXPECT_EQ(Read("b/up").out, "content");
}

TEST_F(ReadTest, LinksThatLeaveAreNotFollowed) {
  std::ofstream(outside_ + "/secret") << "secret";
  MakeFile("f", "content");
  MakeLink(outside_ + "/secret", "absolute");
  MakeLink("../outside/secret", "up");
  MakeLink("../outside", "directory");
  MakeLink(workspace_ + "/f", "absolute_inner");
  MakeLink("/proc/self/cwd/f", "magic");
  MakeLink("loop", "loop");

  for (const char* path : {"absolute", "up", "directory/secret",
                           "absolute_inner", "magic", "loop"}) {
    const FileResult result = Read(path);
    EXPECT_THAT(result, EndsAs(FileEnd::kPathRefused)) << path;
    EXPECT_THAT(result.out, IsEmpty()) << path;
  }
}

TEST_F(ReadTest, PathsThatLeaveAreRefused) {
  for (const char* path : {"../outside/secret", "a/../f", "/etc/passwd",
                           "/workspaces/f", "/workspace/../etc/passwd", ".."}) {
    const FileResult result = Read(path);
    EXPECT_THAT(result, EndsAs(FileEnd::kPathRefused)) << path;
    EXPECT_THAT(result.err, HasSubstr("a path must")) << path;
  }
  EXPECT_THAT(Read(std::string(300, 'a')), EndsAs(FileEnd::kPathRefused));
}

TEST_F(ReadTest, UnreadableFileIsDenied) {
  MakeFile("f", "x");
  ASSERT_EQ(::chmod((workspace_ + "/f").c_str(), 0200), 0);

  EXPECT_THAT(Read("f"), EndsAs(FileEnd::kPermissionDenied));
}

TEST_F(ReadTest, MissingWorkspaceIsSaid) {
  FileProcess process({"read", "--path", "f", "--workspace", "/nowhere"}, {});

  EXPECT_THAT(process.Finish().err, HasSubstr("/nowhere"));
}

TEST_F(ReadTest, CommandLineNobodyCanFollowDoesNothing) {
  const FileResult result = Run({"read", "--path", "f", "--size", "1"});

  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("Usage: airlock-runner file"));
}

}  // namespace
}  // namespace airlock::runner
