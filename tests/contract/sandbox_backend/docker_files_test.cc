// File actions where they really happen: behind the sandbox's own list of
// system calls, as its user, in its tmpfs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "airlock/internal/v1/spec.pb.h"
#include "airlock/v1/execution.pb.h"
#include "services/executor/dispatch/file_action.h"
#include "tests/contract/sandbox_backend/docker_fixture.h"

namespace airlock {
namespace {

using airlock::v1::Action;
using airlock::v1::FileWrite;
using executor::EndedBy;
using executor::ProcessSpec;
using testing::HasSubstr;
using testing::IsEmpty;

class DockerFilesTest : public DockerTest {
 protected:
  void SetUp() override {
    DockerTest::SetUp();
    if (HasFatalFailure()) return;
    executor::SandboxSpec spec = TestSpec();
    spec.memory_bytes = std::uint64_t{256} << 20U;
    spec.workspace_bytes = std::uint64_t{112} << 20U;
    sandbox_ = Create(spec);
  }

  // As the executor does it.
  Finished Do(const Action& action) {
    internal::v1::ExecutionSpec spec;
    spec.set_session("se-1");
    *spec.mutable_action() = action;
    ProcessSpec process = TestProcess({});
    process.output_credit_bytes = std::uint64_t{1} << 30U;
    EXPECT_TRUE(executor::AddFileAction(spec, process).ok());
    return RunIn(*sandbox_, std::move(process));
  }
  Finished Read(const std::string& path, std::uint64_t offset = 0,
                std::uint64_t limit = 0) {
    Action action;
    action.mutable_file_read()->set_path(path);
    action.mutable_file_read()->set_offset(offset);
    action.mutable_file_read()->set_limit(limit);
    return Do(action);
  }
  Finished List(const std::string& path) {
    Action action;
    action.mutable_file_list()->set_path(path);
    return Do(action);
  }
  Finished Write(const std::string& path, std::string content,
                 FileWrite::Existing existing = FileWrite::EXISTING_OVERWRITE) {
    Action action;
    action.mutable_file_write()->set_path(path);
    action.mutable_file_write()->set_content(std::move(content));
    action.mutable_file_write()->set_existing(existing);
    return Do(action);
  }
  Finished Delete(const std::string& path) {
    Action action;
    action.mutable_file_delete()->set_path(path);
    action.mutable_file_delete()->set_recursive(true);
    return Do(action);
  }
  Finished Shell(const std::string& line) {
    return RunIn(*sandbox_, ShellLine(line));
  }
  // The reason an outcome would have; the whole end if there is none.
  static std::string Reason(const Finished& finished) {
    airlock::v1::Outcome outcome;
    outcome.set_ended_by(airlock::v1::Outcome::ENDED_BY_EXITED);
    outcome.set_exit_code(finished.end.exit_code);
    executor::ExplainFileAction(outcome);
    if (finished.end.ended_by == EndedBy::kExited) return outcome.reason();
    return finished.end.reason + " " + finished.end.message;
  }

  std::unique_ptr<executor::Sandbox> sandbox_;
};

TEST_F(DockerFilesTest, WhatIsWrittenCanBeReadListedAndDeleted) {
  const std::string content("a\0b\xff", 4);
  EXPECT_EQ(Reason(Write("a/b/f", content)), "");
  EXPECT_EQ(Reason(Write("/workspace/a/b/f", "!", FileWrite::EXISTING_APPEND)),
            "");
  EXPECT_EQ(Reason(Write("a/b/f", "", FileWrite::EXISTING_REFUSE)),
            "FILE_EXISTS");

  EXPECT_EQ(Read("a/b/f").out, content + "!");
  EXPECT_EQ(Read("a/b/f", 1, 2).out, std::string("\0b", 2));
  EXPECT_THAT(List("a/b").out,
              HasSubstr(R"({"name":"f","type":"file","size":5,"mode":420,)"));
  EXPECT_EQ(Shell("cat a/b/f | wc -c; ls -A a/b").out, "5\nf\n");

  EXPECT_EQ(Reason(Delete("a")), "");
  EXPECT_THAT(List("").out, IsEmpty());
  EXPECT_EQ(Reason(Read("a/b/f")), "FILE_NOT_FOUND");
}

TEST_F(DockerFilesTest, EightMebibytesAreWrittenAndReadWhole) {
  std::string content(8 << 20, 'x');
  content[7'654'321] = 'y';

  EXPECT_EQ(Reason(Write("f", content)), "");

  const Finished read = Read("f");
  EXPECT_EQ(Reason(read), "");
  EXPECT_TRUE(read.out == content) << read.out.size();
}

TEST_F(DockerFilesTest, HundredMegabytesAreReadInLittleMemory) {
  ASSERT_EQ(Shell("head -c 100000000 /dev/zero > f").end.exit_code, 0);

  const Finished read = Read("f");

  EXPECT_EQ(Reason(read), "");
  EXPECT_EQ(read.out.size(), 100'000'000U);
  EXPECT_EQ(Read("f", 99'999'999).out.size(), 1U);
}

TEST_F(DockerFilesTest, WhatIsNoFileNeverHangs) {
  ASSERT_EQ(Shell("mkfifo fifo; ln -s fifo link; mkdir d; "
                  "python3 -c \"import socket; "
                  "socket.socket(socket.AF_UNIX).bind('socket')\"")
                .end.exit_code,
            0);

  for (const char* path : {"fifo", "link", "d", "socket"}) {
    EXPECT_EQ(Reason(Read(path)), "NOT_A_FILE") << path;
  }
  EXPECT_EQ(Reason(Write("fifo", "x")), "NOT_A_FILE");
  EXPECT_EQ(Reason(Delete("fifo")), "NOT_A_FILE");
  EXPECT_EQ(Reason(List("fifo")), "NOT_A_DIRECTORY");
}

TEST_F(DockerFilesTest, LinksDoNotLeadOutOfTheWorkspace) {
  ASSERT_EQ(Shell("ln -s /etc/passwd absolute; ln -s ../etc/passwd up; "
                  "ln -s ../tmp tmp; ln -s /proc/1/root magic; "
                  "echo kept > /tmp/f")
                .end.exit_code,
            0);

  for (const char* path : {"absolute", "up", "tmp/f", "magic/etc/passwd"}) {
    const Finished read = Read(path);
    EXPECT_EQ(Reason(read), "PATH_REFUSED") << path;
    EXPECT_THAT(read.out, IsEmpty()) << path;
    EXPECT_EQ(Reason(Write(path, "x")), "PATH_REFUSED") << path;
  }
  EXPECT_EQ(Reason(Delete("tmp/f")), "PATH_REFUSED");
  EXPECT_EQ(Reason(List("tmp")), "PATH_REFUSED");
  EXPECT_EQ(Shell("cat /tmp/f").out, "kept\n");
}

TEST_F(DockerFilesTest, FullDiskKeepsTheOldContent) {
  ASSERT_EQ(Reason(Write("f", "old")), "");
  Shell("head -c 200000000 /dev/zero > big");

  EXPECT_EQ(Reason(Write("f", std::string(1 << 20, 'n'))), "DISK_FULL");
  EXPECT_EQ(
      Reason(Write("f", std::string(1 << 20, 'n'), FileWrite::EXISTING_APPEND)),
      "DISK_FULL");
  EXPECT_EQ(Read("f").out, "old");
  EXPECT_EQ(Shell("ls -A").out, "big\nf\n");

  EXPECT_EQ(Reason(Delete("big")), "");
  EXPECT_EQ(Reason(Write("f", "new")), "");
}

TEST_F(DockerFilesTest, WhatTheUserMayNotDoIsDenied) {
  ASSERT_EQ(
      Shell("echo x > f; chmod 000 f; mkdir d; chmod 500 d").end.exit_code, 0);

  EXPECT_EQ(Reason(Read("f")), "PERMISSION_DENIED");
  EXPECT_EQ(Reason(Write("f", "x")), "PERMISSION_DENIED");
  EXPECT_EQ(Reason(Write("d/f", "x")), "PERMISSION_DENIED");
}

}  // namespace
}  // namespace airlock
