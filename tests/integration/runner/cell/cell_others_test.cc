// Two cells of one user know nothing of each other.
#include <string>

#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAllCommands =
    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '";

class CellOthersTest : public CellTest {
 protected:
  void SetUp() override {
    CellTest::SetUp();
    if (IsSkipped()) return;
    one_ = Start({"--name", "one"});
    other_ = Start({"--name", "other"});
  }

  std::unique_ptr<TestCell> one_;
  std::unique_ptr<TestCell> other_;
};

TEST_F(CellOthersTest, WorkspacesAreTheirOwn) {
  one_->Output(
      "echo private > /workspace/x; echo private > /tmp/x;"
      "echo private > /dev/shm/x");

  EXPECT_EQ(one_->Output("cat /workspace/x"), "private\n");
  EXPECT_EQ(other_->Output("ls -A /workspace /tmp /dev/shm"),
            "/dev/shm:\n\n/tmp:\n\n/workspace:\n");
}

TEST_F(CellOthersTest, ProcessesCannotBeSeenOrKilled) {
  executor::ProcessSpec spec;
  spec.argv = {"sh", "-c", "echo begun; read line; echo lived"};
  spec.timeout = absl::Seconds(15);
  spec.accepts_later_input = true;
  one_->Begin(spec);
  ASSERT_TRUE(one_->observer().WaitOutput("begun"));

  EXPECT_THAT(OutsideShell(kAllCommands), HasSubstr("lived"));
  EXPECT_THAT(other_->Output(kAllCommands), Not(HasSubstr("lived")));
  other_->Output("trap '' TERM; kill -TERM -1; kill -KILL -1");
  one_->AddInput("\n");

  one_->End();
  EXPECT_THAT(one_->observer().out(), HasSubstr("lived"));
}

TEST_F(CellOthersTest, SharedMemoryIsTheirOwn) {
  EXPECT_THAT(one_->Output("ipcmk -M 4096"), HasSubstr("Shared memory id"));

  EXPECT_THAT(one_->Output("ipcs -m"), HasSubstr("4096"));
  EXPECT_THAT(other_->Output("ipcs -m"), Not(HasSubstr("4096")));
}

TEST_F(CellOthersTest, CgroupsShowOnlyTheirOwn) {
  EXPECT_THAT(one_->Output("ls -d /sys/fs/cgroup/*/cell /sys/fs/cgroup/one"),
              HasSubstr("No such file"));
  EXPECT_THAT(one_->Output("cut -d: -f3 /proc/self/cgroup | sort -u"),
              Not(HasSubstr(cgroup_.name())));
}

}  // namespace
}  // namespace airlock::runner
