// file_write: the old content or the new one, and nothing left behind.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/unit/runner/files/file_action_fixture.h"

namespace airlock::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As on a file system that has no files without names.
void RefuseUnnamedFiles() {
  std::array<sock_filter, 6> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program = {filter.size(), filter.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(125);
}

// Whether the process waits for a lock of flock().
bool WaitsForLock(pid_t pid) {
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("-> FLOCK") != std::string::npos &&
        line.find(" " + std::to_string(pid) + " ") != std::string::npos) {
      return true;
    }
  }
  return false;
}

class WriteTest : public FileActionTest {
 protected:
  // Blocks until somebody has the lock of the workspace, for 20 s at most.
  void AwaitLock() const {
    const auto give_up =
        std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const int directory = ::open(workspace_.c_str(), O_RDONLY | O_CLOEXEC);
    bool locked = false;
    while (!locked && std::chrono::steady_clock::now() < give_up) {
      locked = ::flock(directory, LOCK_EX | LOCK_NB) != 0;
      ::flock(directory, LOCK_UN);
      std::this_thread::yield();
    }
    ::close(directory);
    EXPECT_TRUE(locked) << "nobody locked the workspace";
  }
};

TEST_F(WriteTest, FileIsMadeWithContentAndMode) {
  const std::string content("a\0b\xff", 4);

  EXPECT_THAT(Write("f", content), EndsAs(FileEnd::kDone));
  EXPECT_THAT(Write("g", "", {"--mode", "600"}), EndsAs(FileEnd::kDone));
  EXPECT_THAT(Write("h", "x", {"--mode", "777"}), EndsAs(FileEnd::kDone));

  EXPECT_EQ(Content("f"), content);
  EXPECT_EQ(Mode("f"), 0644U);
  EXPECT_EQ(Content("g"), "");
  EXPECT_EQ(Mode("g"), 0600U);
  EXPECT_EQ(Mode("h"), 0777U);
  EXPECT_THAT(Names("."), ElementsAre("f", "g", "h"));
}

TEST_F(WriteTest, DirectoriesAboveAreMade) {
  EXPECT_THAT(Write("/workspace/a/b/c", "x"), EndsAs(FileEnd::kDone));

  EXPECT_EQ(Content("a/b/c"), "x");
  EXPECT_EQ(Mode("a/b"), 0755U);
}

TEST_F(WriteTest, EightMebibytesAreTakenAndNoByteMore) {
  std::string content(8 << 20, 'x');
  content[12'345] = 'y';

  EXPECT_THAT(Write("f", content), EndsAs(FileEnd::kDone));

  EXPECT_TRUE(Content("f") == content);
  EXPECT_EQ(Write("f", content + "x").exit_code, 2);
}

TEST_F(WriteTest, FileIsReplacedAndKeepsItsMode) {
  MakeFile("f", "a long text");
  ASSERT_EQ(::chmod((workspace_ + "/f").c_str(), 0755), 0);

  EXPECT_THAT(Write("f", "short"), EndsAs(FileEnd::kDone));
  EXPECT_EQ(Content("f"), "short");
  EXPECT_EQ(Mode("f"), 0755U);

  EXPECT_THAT(Write("f", "x", {"--existing", "overwrite", "--mode", "600"}),
              EndsAs(FileEnd::kDone));
  EXPECT_EQ(Mode("f"), 0600U);
  EXPECT_THAT(Names("."), ElementsAre("f"));
}

TEST_F(WriteTest, OpenReaderKeepsTheOldContent) {
  MakeFile("f", "old content");
  std::ifstream reader(workspace_ + "/f");
  std::string word;
  reader >> word;

  ASSERT_THAT(Write("f", "new"), EndsAs(FileEnd::kDone));

  EXPECT_TRUE(reader >> word);
  EXPECT_EQ(word, "content");
}

TEST_F(WriteTest, ReadersNeverSeeAPart) {
  const std::string a(1 << 20, 'a');
  const std::string b(1 << 20, 'b');
  ASSERT_THAT(Write("f", a), EndsAs(FileEnd::kDone));
  for (int i = 0; i < 10; ++i) {
    const std::string& content = i % 2 == 0 ? b : a;
    FileProcess writer(Complete(WriteWords("f", content.size(), {})), {});
    std::thread sender([&] {
      writer.Send(content);
      writer.CloseInput();
    });
    while (!writer.Ended()) {
      const std::string seen = Content("f");
      ASSERT_TRUE(seen == a || seen == b) << seen.size();
    }
    sender.join();
  }
}

TEST_F(WriteTest, ExistingFileIsRefusedWhenAsked) {
  EXPECT_THAT(Write("f", "first", {"--existing", "refuse"}),
              EndsAs(FileEnd::kDone));
  EXPECT_THAT(Write("f", "second", {"--existing", "refuse"}),
              EndsAs(FileEnd::kExists));

  EXPECT_EQ(Content("f"), "first");
}

TEST_F(WriteTest, FileMadeMeanwhileIsNotReplacedWhenRefused) {
  FileProcess writer(Complete(WriteWords("f", 2, {"--existing", "refuse"})),
                     {});
  writer.Send("x");
  AwaitLock();
  MakeFile("f", "theirs");
  writer.Send("y");

  EXPECT_THAT(writer.Finish(), EndsAs(FileEnd::kExists));
  EXPECT_EQ(Content("f"), "theirs");
  EXPECT_THAT(Names("."), ElementsAre("f"));
}

TEST_F(WriteTest, AppendingAddsToTheEndOrMakesTheFile) {
  EXPECT_THAT(Append("f", "one"), EndsAs(FileEnd::kDone));
  ASSERT_EQ(::chmod((workspace_ + "/f").c_str(), 0640), 0);
  EXPECT_THAT(Append("f", " two"), EndsAs(FileEnd::kDone));

  EXPECT_EQ(Content("f"), "one two");
  EXPECT_EQ(Mode("f"), 0640U);
}

TEST_F(WriteTest, NoAppendingIsLostBesideAnother) {
  MakeFile("f", "");
  const auto words = Complete(WriteWords("f", 2, {"--existing", "append"}));
  FileProcess first(words, {});
  first.Send("a");
  AwaitLock();
  FileProcess second(words, {});
  second.Send("bb");
  while (!second.Ended() && !WaitsForLock(second.pid())) {
    std::this_thread::yield();
  }
  first.Send("a");

  EXPECT_THAT(first.Finish(), EndsAs(FileEnd::kDone));
  EXPECT_THAT(second.Finish(), EndsAs(FileEnd::kDone));
  EXPECT_EQ(Content("f"), "aabb");
}

TEST_F(WriteTest, ContentThatDoesNotComeWholeChangesNothing) {
  MakeFile("f", "old");

  for (const char* content : {"", "12", "1234"}) {
    const FileResult result = Run(WriteWords("f", 3, {}), content);
    EXPECT_THAT(result, EndsAs(FileEnd::kFailed)) << content;
    EXPECT_THAT(result.err, HasSubstr("did not come whole"));
  }
  EXPECT_EQ(Content("f"), "old");
  EXPECT_THAT(Names("."), ElementsAre("f"));
}

TEST_F(WriteTest, KilledWriterLeavesNothing) {
  MakeFile("f", "old");
  FileProcess writer(Complete(WriteWords("f", 2, {})), {});
  writer.Send("n");
  AwaitLock();

  writer.Kill();

  EXPECT_EQ(Content("f"), "old");
  EXPECT_THAT(Names("."), ElementsAre("f"));
}

TEST_F(WriteTest, WhatWasLeftInTheLastMomentIsRemoved) {
  MakeFile(".airlock-pending", "left behind");

  EXPECT_THAT(Write("f", "x"), EndsAs(FileEnd::kDone));

  EXPECT_THAT(Names("."), ElementsAre("f"));
  EXPECT_THAT(Write(".airlock-pending", "x"), EndsAs(FileEnd::kPathRefused));
}

TEST_F(WriteTest, FullDiskKeepsTheOldContent) {
  MakeDirectory("small");
  MountTmpfs("small", "size=64k,mode=0755");
  const std::string old(20 << 10, 'o');
  MakeFile("small/f", old);

  EXPECT_THAT(Write("small/f", std::string(60 << 10, 'n')),
              EndsAs(FileEnd::kDiskFull));
  EXPECT_THAT(Append("small/f", std::string(40 << 10, 'n')),
              EndsAs(FileEnd::kDiskFull));
  EXPECT_THAT(Write("small/g", std::string(60 << 10, 'n')),
              EndsAs(FileEnd::kDiskFull));

  EXPECT_TRUE(Content("small/f") == old);
  EXPECT_THAT(Names("small"), ElementsAre("f"));
  struct statvfs space {};
  ASSERT_EQ(::statvfs((workspace_ + "/small").c_str(), &space), 0);
  EXPECT_EQ(space.f_bfree * space.f_bsize, (64U - 20U) << 10U);
  EXPECT_THAT(Append("small/f", "fits"), EndsAs(FileEnd::kDone));
}

TEST_F(WriteTest, FileSystemWithoutUnnamedFilesWorksAsWell) {
  prepare_ = RefuseUnnamedFiles;

  EXPECT_THAT(Write("f", "one"), EndsAs(FileEnd::kDone));
  EXPECT_THAT(Write("f", "two", {"--existing", "refuse"}),
              EndsAs(FileEnd::kExists));
  EXPECT_THAT(Append("f", " three"), EndsAs(FileEnd::kDone));
  EXPECT_THAT(Run(WriteWords("f", 3, {}), "x"), EndsAs(FileEnd::kFailed));
  EXPECT_EQ(Content("f"), "one three");

  FileProcess writer(Complete(WriteWords("f", 2, {"--existing", "refuse"})),
                     prepare_);
  EXPECT_THAT(writer.Finish(), EndsAs(FileEnd::kExists));
  EXPECT_THAT(Names("."), ElementsAre("f"));
}

TEST_F(WriteTest, RefusedFileMadeMeanwhileIsKeptWithoutUnnamedFiles) {
  FileProcess writer(Complete(WriteWords("f", 2, {"--existing", "refuse"})),
                     RefuseUnnamedFiles);
  writer.Send("x");
  AwaitLock();
  MakeFile("f", "theirs");
  writer.Send("y");

  EXPECT_THAT(writer.Finish(), EndsAs(FileEnd::kExists));
  EXPECT_EQ(Content("f"), "theirs");
  EXPECT_THAT(Names("."), ElementsAre("f"));
}

TEST_F(WriteTest, LastPartIsNeverALink) {
  MakeFile("f", "old");
  MakeLink("f", "inner");
  MakeLink("../outside/new", "outer");
  MakeLink("nowhere", "dangling");

  for (const char* existing : {"overwrite", "refuse", "append"}) {
    for (const char* path : {"inner", "outer", "dangling"}) {
      EXPECT_THAT(Write(path, "x", {"--existing", existing}),
                  EndsAs(FileEnd::kPathRefused))
          << path;
    }
  }
  EXPECT_EQ(Content("f"), "old");
  EXPECT_FALSE(Exists("../outside/new"));
  EXPECT_FALSE(Exists("nowhere"));
}

TEST_F(WriteTest, LinksOnTheWayStayInside) {
  MakeDirectory("d");
  MakeLink("d", "inner");
  MakeLink("../outside", "outer");
  MakeLink(outside_, "absolute");

  EXPECT_THAT(Write("inner/new/f", "x"), EndsAs(FileEnd::kDone));
  EXPECT_THAT(Write("outer/f", "x"), EndsAs(FileEnd::kPathRefused));
  EXPECT_THAT(Write("outer/new/f", "x"), EndsAs(FileEnd::kPathRefused));
  EXPECT_THAT(Write("absolute/f", "x"), EndsAs(FileEnd::kPathRefused));
  EXPECT_THAT(Write("../outside/f", "x"), EndsAs(FileEnd::kPathRefused));

  EXPECT_EQ(Content("d/new/f"), "x");
  EXPECT_THAT(Names("../outside"), IsEmpty());
}

TEST_F(WriteTest, OnlyRegularFilesAreWritten) {
  MakeDirectory("d");
  MakeFile("f", "x");
  ASSERT_EQ(::mkfifo((workspace_ + "/fifo").c_str(), 0666), 0);

  EXPECT_THAT(Write("d", "x"), EndsAs(FileEnd::kNotAFile));
  EXPECT_THAT(Write("fifo", "x"), EndsAs(FileEnd::kNotAFile));
  EXPECT_THAT(Append("fifo", "x"), EndsAs(FileEnd::kNotAFile));
  EXPECT_THAT(Write("f/g", "x"), EndsAs(FileEnd::kNotADirectory));
  EXPECT_THAT(Write("f/g/h", "x"), EndsAs(FileEnd::kNotADirectory));
  EXPECT_THAT(Write("d/", "x"), EndsAs(FileEnd::kPathRefused));
  EXPECT_THAT(Write(".", "x"), EndsAs(FileEnd::kPathRefused));
}

TEST_F(WriteTest, WhatMayNotBeWrittenIsDenied) {
  MakeFile("f", "old");
  ASSERT_EQ(::chmod((workspace_ + "/f").c_str(), 0444), 0);
  MakeDirectory("d");
  ASSERT_EQ(::chmod((workspace_ + "/d").c_str(), 0555), 0);

  EXPECT_THAT(Write("f", "new"), EndsAs(FileEnd::kPermissionDenied));
  EXPECT_THAT(Append("f", "new"), EndsAs(FileEnd::kPermissionDenied));
  EXPECT_THAT(Write("d/f", "x"), EndsAs(FileEnd::kPermissionDenied));
  EXPECT_THAT(Write("d/e/f", "x"), EndsAs(FileEnd::kPermissionDenied));

  EXPECT_EQ(Content("f"), "old");
}

}  // namespace
}  // namespace airlock::runner
