// file_delete: exactly what was named, and nothing outside.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/unit/runner/files/file_action_fixture.h"

namespace airlock::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DeleteTest : public FileActionTest {
 protected:
  FileResult Delete(const std::string& path) {
    return Run({"delete", "--path", path});
  }
  FileResult DeleteAll(const std::string& path) {
    return Run({"delete", "--path", path, "--recursive", "yes"});
  }

  static std::ptrdiff_t OpenDescriptors(pid_t pid) {
    std::error_code error;
    const std::filesystem::directory_iterator entries(
        "/proc/" + std::to_string(pid) + "/fd", error);
    return error ? 0 : std::distance(begin(entries), end(entries));
  }

  // A directory in a directory and so on; each has a file before and after.
  void MakeDeepTree(const std::string& name, int depth) {
    MakeDirectory(name);
    int directory =
        ::open((workspace_ + "/" + name).c_str(), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < depth; ++i) {
      for (const char* file : {"a", "z"}) {
        ASSERT_EQ(::mknodat(directory, file, S_IFREG | 0644, 0), 0);
      }
      ASSERT_EQ(::mkdirat(directory, "m", 0755), 0);
      ASSERT_EQ(::fchownat(directory, "m", 65534, 65534, 0), 0);
      const int next = ::openat(directory, "m", O_RDONLY | O_DIRECTORY);
      ::close(directory);
      directory = next;
    }
    ::close(directory);
  }
};

TEST_F(DeleteTest, FileIsGone) {
  MakeFile("f", "x");
  MakeFile("g", "x");

  EXPECT_THAT(Delete("f"), EndsAs(FileEnd::kDone));

  EXPECT_THAT(Names("."), ElementsAre("g"));
  EXPECT_THAT(Delete("f"), EndsAs(FileEnd::kNotFound));
  EXPECT_THAT(Delete("no/f"), EndsAs(FileEnd::kNotFound));
}

TEST_F(DeleteTest, LinkItselfIsDeletedAndNotWhatItNames) {
  MakeFile("f", "x");
  MakeDirectory("d");
  MakeFile("d/g", "x");
  std::ofstream(outside_ + "/secret") << "secret";
  MakeLink("f", "to_file");
  MakeLink("d", "to_directory");
  MakeLink("../outside", "to_outside");

  for (const char* path : {"to_file", "to_directory", "to_outside"}) {
    EXPECT_THAT(DeleteAll(path), EndsAs(FileEnd::kDone)) << path;
  }

  EXPECT_THAT(Names("."), ElementsAre("d", "f"));
  EXPECT_THAT(Names("d"), ElementsAre("g"));
  EXPECT_THAT(Names("../outside"), ElementsAre("secret"));
}

TEST_F(DeleteTest, DirectoryMustBeEmptyUnlessRecursive) {
  MakeDirectory("d");
  MakeFile("d/f", "x");

  EXPECT_THAT(Delete("d"), EndsAs(FileEnd::kNotEmpty));
  EXPECT_TRUE(Exists("d/f"));
  EXPECT_THAT(Run({"delete", "--path", "d", "--recursive", "no"}),
              EndsAs(FileEnd::kNotEmpty));
  EXPECT_THAT(Delete("d/f"), EndsAs(FileEnd::kDone));
  EXPECT_THAT(Delete("d"), EndsAs(FileEnd::kDone));
  EXPECT_FALSE(Exists("d"));
}

TEST_F(DeleteTest, WorkspaceItselfIsRefused) {
  MakeFile("f", "x");

  for (const char* path : {".", "", "/workspace", "/workspace/", "./."}) {
    EXPECT_THAT(DeleteAll(path), EndsAs(FileEnd::kPathRefused)) << path;
  }
  EXPECT_TRUE(Exists("f"));
}

TEST_F(DeleteTest, PathsThatLeaveAreRefused) {
  std::ofstream(outside_ + "/secret") << "secret";
  MakeLink("../outside", "up");
  MakeLink(outside_, "absolute");
  MakeDirectory("d");

  for (const char* path : {"up/secret", "absolute/secret", "../outside/secret",
                           "/etc/passwd", "d/.."}) {
    EXPECT_THAT(DeleteAll(path), EndsAs(FileEnd::kPathRefused)) << path;
  }
  EXPECT_THAT(Names("../outside"), ElementsAre("secret"));
}

TEST_F(DeleteTest, WhatIsNeitherFileNorDirectoryIsRefused) {
  ASSERT_EQ(::mkfifo((workspace_ + "/fifo").c_str(), 0666), 0);
  MakeFile("f", "x");

  EXPECT_THAT(DeleteAll("fifo"), EndsAs(FileEnd::kNotAFile));
  EXPECT_THAT(Delete("f/"), EndsAs(FileEnd::kNotADirectory));
  EXPECT_THAT(Delete("f/g"), EndsAs(FileEnd::kNotADirectory));
  EXPECT_TRUE(Exists("fifo"));
}

TEST_F(DeleteTest, TreeGoesWithoutFollowingLinks) {
  std::ofstream(outside_ + "/secret") << "secret";
  MakeFile("kept", "x");
  MakeDirectory("d");
  for (int i = 0; i < 100; ++i) {
    const std::string child = "d/" + std::to_string(i);
    MakeDirectory(child);
    MakeFile(child + "/f", "x");
    MakeLink("../../../outside", child + "/link");
    MakeLink("../../kept", child + "/file_link");
    ASSERT_EQ(::mkfifo((workspace_ + "/" + child + "/fifo").c_str(), 0666), 0);
  }

  EXPECT_THAT(DeleteAll("d"), EndsAs(FileEnd::kDone));

  EXPECT_THAT(Names("."), ElementsAre("kept"));
  EXPECT_THAT(Names("../outside"), ElementsAre("secret"));
}

TEST_F(DeleteTest, TenThousandLevelsNeedFewDescriptors) {
  MakeDirectory("memory");
  MountTmpfs("memory", "mode=0755");
  MakeDeepTree("memory/deep", 10'000);
  prepare_ = [] {
    const rlimit limit = {48, 48};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  };

  EXPECT_THAT(DeleteAll("memory/deep"), EndsAs(FileEnd::kDone));

  EXPECT_THAT(Names("memory"), IsEmpty());
}

TEST_F(DeleteTest, TreeThatIsMovedMeanwhileIsNotFollowed) {
  MakeDirectory("memory");
  MountTmpfs("memory", "mode=0755");
  MakeDeepTree("memory/deep", 10'000);
  MakeFile("memory/kept", "x");
  FileProcess process(
      Complete({"delete", "--path", "memory/deep", "--recursive", "yes"}), {});
  // It is on its way down as soon as it has so many directories open.
  while (!process.Ended() && OpenDescriptors(process.pid()) < 33) {
    std::this_thread::yield();
  }
  ::kill(process.pid(), SIGSTOP);
  ASSERT_EQ(::rename((workspace_ + "/memory/deep/m").c_str(),
                     (workspace_ + "/memory/moved").c_str()),
            0);
  ::kill(process.pid(), SIGCONT);

  const FileResult result = process.Finish();

  EXPECT_THAT(result, EndsAs(FileEnd::kFailed));
  EXPECT_THAT(result.err, HasSubstr("was moved meanwhile"));
  EXPECT_THAT(Names("memory"), ElementsAre("deep", "kept", "moved"));
}

TEST_F(DeleteTest, WhatIsMountedIsNotEntered) {
  MakeDirectory("d");
  MakeDirectory("d/mounted");
  MountTmpfs("d/mounted", "mode=0755");
  MakeFile("d/mounted/theirs", "x");

  const FileResult inner = DeleteAll("d");
  const FileResult itself = DeleteAll("d/mounted");

  EXPECT_THAT(inner, EndsAs(FileEnd::kPathRefused));
  EXPECT_THAT(inner.err, HasSubstr("another file system"));
  EXPECT_THAT(itself, EndsAs(FileEnd::kPathRefused));
  EXPECT_TRUE(Exists("d/mounted/theirs"));

  // Nor where the file system is the same one.
  MakeDirectory("same");
  MakeFile("same/theirs", "x");
  MakeDirectory("e");
  MakeDirectory("e/mounted");
  BindMount("same", "e/mounted");
  EXPECT_THAT(DeleteAll("e"), EndsAs(FileEnd::kPathRefused));
  EXPECT_TRUE(Exists("same/theirs"));
}

TEST_F(DeleteTest, WhatMayNotBeDeletedIsDenied) {
  MakeDirectory("d");
  MakeDirectory("d/locked");
  MakeFile("d/locked/f", "x");
  ASSERT_EQ(::chmod((workspace_ + "/d/locked").c_str(), 0555), 0);

  const FileResult result = DeleteAll("d");

  EXPECT_THAT(result, EndsAs(FileEnd::kPermissionDenied));
  EXPECT_THAT(result.err, HasSubstr("\"d/.../f\": Permission denied"));
  EXPECT_THAT(Delete("d/locked/f"), EndsAs(FileEnd::kPermissionDenied));
  EXPECT_TRUE(Exists("d/locked/f"));
}

}  // namespace
}  // namespace airlock::runner
