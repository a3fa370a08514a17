// File actions over a real engine, through three services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "tests/e2e/faults/cluster.h"
#include "tests/support/file_requests.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using airlock::v1::FileWrite;
using airlock::v1::Outcome;
using testing::HasSubstr;
using testing::IsEmpty;

class FileFaultsTest : public ClusterTest {
 protected:
  Transcript Do(const airlock::v1::ExecuteRequest& request) {
    return cluster_.Execute(request);
  }
  // "" when it was done.
  static std::string Reason(const Transcript& told) {
    EXPECT_THAT(told.status, IsOk());
    const Outcome& outcome = told.completed.outcome();
    EXPECT_EQ(outcome.ended_by(), Outcome::ENDED_BY_EXITED)
        << outcome.reason() << outcome.message();
    return outcome.reason();
  }
  std::string Output(const std::string& line) {
    airlock::v1::ExecuteRequest request = Shell(line);
    request.set_session("work");
    const Transcript told = cluster_.Execute(request);
    EXPECT_EQ(told.completed.outcome().exit_code(), 0) << told.stderr_data;
    return told.stdout_data;
  }
};

TEST_F(FileFaultsTest, WhatIsWrittenCanBeReadListedAndDeleted) {
  cluster_.StartAll();
  std::string content(8 << 20, 'x');
  content[1'234'567] = '\0';

  EXPECT_EQ(Reason(Do(WriteRequest("work", "a/b/f", content))), "");
  EXPECT_EQ(Reason(Do(WriteRequest("work", "a/b/f", "end",
                                   FileWrite::EXISTING_APPEND))),
            "");

  EXPECT_TRUE(Do(ReadRequest("work", "a/b/f")).stdout_data == content + "end");
  EXPECT_EQ(Do(ReadRequest("work", "a/b/f", 8 << 20, 2)).stdout_data, "en");
  EXPECT_THAT(Do(ListRequest("work", "a/b")).stdout_data,
              HasSubstr(R"({"name":"f","type":"file","size":8388611,)"));
  EXPECT_EQ(Output("wc -c < a/b/f; ls -A a/b"), "8388611\nf\n");
  EXPECT_EQ(Reason(Do(DeleteRequest("work", "a"))), "DIRECTORY_NOT_EMPTY");
  EXPECT_EQ(Reason(Do(DeleteRequest("work", "a", true))), "");
  EXPECT_THAT(Do(ListRequest("work")).stdout_data, IsEmpty());
  const Transcript missing = Do(ReadRequest("work", "a/b/f"));
  EXPECT_EQ(Reason(missing), "FILE_NOT_FOUND");
  EXPECT_EQ(missing.stderr_data, "\"a/b/f\": No such file or directory\n");
}

TEST_F(FileFaultsTest, HundredMegabytesAreReadWhole) {
  cluster_.config()["sandbox"]["memoryLimit"] = "512m";
  cluster_.config()["sandbox"]["outputLimit"] = "128m";
  cluster_.StartAll();
  Output("head -c 100000000 /dev/urandom > f");
  const std::string sum = Output("tail -c 1000000 f | sha256sum");

  Call call(cluster_, ReadRequest("work", "f"));
  const Transcript told = call.Finish();

  EXPECT_EQ(Reason(told), "");
  EXPECT_EQ(told.stdout_data.size() + told.skipped_bytes, 100'000'000U);
  EXPECT_EQ(told.skipped_bytes, 0U);
  ASSERT_EQ(Reason(Do(WriteRequest(
                "work", "g",
                told.stdout_data.substr(told.stdout_data.size() - 1'000'000)))),
            "");
  EXPECT_EQ(Output("sha256sum < g"), sum);
}

TEST_F(FileFaultsTest, WhatIsNoFileNeverHangs) {
  cluster_.StartAll();
  Output("mkfifo fifo; ln -s fifo link; mkdir d");

  for (const char* path : {"fifo", "link", "d"}) {
    EXPECT_EQ(Reason(Do(ReadRequest("work", path))), "NOT_A_FILE") << path;
  }
  EXPECT_EQ(Reason(Do(WriteRequest("work", "fifo", "x"))), "NOT_A_FILE");
  EXPECT_EQ(Reason(Do(ListRequest("work", "fifo"))), "NOT_A_DIRECTORY");
}

TEST_F(FileFaultsTest, NothingOutsideTheWorkspaceIsTouched) {
  cluster_.StartAll();
  Output(
      "echo kept > /marks/kept; ln -s ../marks up; ln -s /marks absolute; "
      "ln -s /proc/self/root root; ln -s /marks/kept link");

  for (const std::string path :
       {"up/kept", "absolute/kept", "root/marks/kept", "link"}) {
    const Transcript read = Do(ReadRequest("work", path));
    EXPECT_EQ(Reason(read), "PATH_REFUSED") << path;
    EXPECT_THAT(read.stdout_data, IsEmpty()) << path;
    EXPECT_EQ(Reason(Do(WriteRequest("work", path, "x"))), "PATH_REFUSED")
        << path;
    if (path == "link") continue;
    EXPECT_EQ(Reason(Do(DeleteRequest("work", path))), "PATH_REFUSED") << path;
  }
  // Links in a tree are deleted themselves.
  Output("mkdir d; ln -s ../up d/up; ln -s /marks d/absolute");
  EXPECT_EQ(Reason(Do(DeleteRequest("work", "d", true))), "");
  EXPECT_EQ(Output("cat /marks/kept"), "kept\n");
}

TEST_F(FileFaultsTest, FullDiskKeepsTheOldContent) {
  cluster_.StartAll();
  EXPECT_EQ(Reason(Do(WriteRequest("work", "f", "old"))), "");
  Output("head -c 500000000 /dev/zero > big || true");

  const Transcript full = Do(WriteRequest("work", "f", std::string(9999, 'n')));
  EXPECT_EQ(Reason(full), "DISK_FULL");
  EXPECT_EQ(Reason(Do(WriteRequest("work", "f", std::string(9999, 'n'),
                                   FileWrite::EXISTING_APPEND))),
            "DISK_FULL");
  EXPECT_EQ(Do(ReadRequest("work", "f")).stdout_data, "old");
  EXPECT_EQ(Output("ls -A"), "big\nf\n");

  EXPECT_EQ(Reason(Do(DeleteRequest("work", "big"))), "");
  EXPECT_EQ(Reason(Do(WriteRequest("work", "f", "new"))), "");
}

TEST_F(FileFaultsTest, OneThatIsCancelledLeavesTheSessionUsable) {
  cluster_.StartAll();
  Output("head -c 50000000 /dev/zero > f");
  Call call(cluster_, ReadRequest("work", "f"));
  ASSERT_TRUE(call.ReadUntilOutput(1));

  // Nobody reads on, so that it waits for credit.
  airlock::v1::CancelExecutionRequest cancel;
  cancel.set_id(call.id());
  airlock::v1::CancelExecutionResponse response;
  EXPECT_TRUE(cluster_.Client()
                  ->CancelExecution(Cluster::As("ada").get(), cancel, &response)
                  .ok());

  EXPECT_EQ(call.Finish().completed.outcome().ended_by(),
            Outcome::ENDED_BY_CANCELLED);
  EXPECT_EQ(Do(ReadRequest("work", "f", 49'999'999)).stdout_data.size(), 1U);
}

}  // namespace
}  // namespace airlock
