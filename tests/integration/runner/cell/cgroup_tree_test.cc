// The user's part of the cgroups.
#include "services/runner/cell/cgroup_tree.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "services/runner/cell/cgroup_files.h"
#include "services/runner/cell/cgroup_finder.h"
#include "services/runner/cell/cgroup_mounts.h"
#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CgroupTreeTest : public testing::Test {
 protected:
  // A child that waits to be killed, in a cgroup. Not for ever, so that a test
  // that fails to kill it ends.
  static pid_t Sleeper(Cgroup& cgroup) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::alarm(20);
      while (true) ::pause();
    }
    EXPECT_EQ(cgroup.Add(pid), "");
    return pid;
  }

  DelegatedCgroup delegated_{kHostUser};
};

TEST_F(CgroupTreeTest, NothingIsMissingWhereAllWasGiven) {
  EXPECT_THAT(CgroupTree::Find(delegated_.name()).shortfalls(), IsEmpty());
}

TEST_F(CgroupTreeTest, WhatWasNotGivenIsNamedWithWhatWouldDo) {
  for (const char* name : {"airlock-nobody-made-this", "", "../x", "a/b"}) {
    ChildProcess host({AIRLOCK_CELL_HOST, "--cgroup", name, "--uid",
                       std::to_string(kHostUser)});
    const std::string said = host.whole_output();

    EXPECT_THAT(said, ContainsRegex("shortfall memory: .*would do")) << name;
    EXPECT_THAT(said, ContainsRegex("shortfall cpu: .*would do")) << name;
    EXPECT_THAT(said, ContainsRegex("shortfall pids: .*would do")) << name;
  }
}

TEST_F(CgroupTreeTest, NameLeadsNowhereElse) {
  const CgroupTree tree = CgroupTree::Find(delegated_.name());
  for (const char* name : {"", ".", "..", "a/b", "../x"}) {
    std::string error;

    EXPECT_EQ(tree.Make(name, error), nullptr);
    EXPECT_THAT(error, HasSubstr("one path component"));
  }
}

TEST_F(CgroupTreeTest, ImpossibleLimitLeavesNothing) {
  const CgroupTree tree = CgroupTree::Find(delegated_.name());
  // Of the processor, less than the kernel can grant.
  constexpr CgroupLimits kLimits{
      .memory_bytes = 64 << 20, .cpu_millis = 1, .pids = 20};
  std::string error;
  std::unique_ptr<Cgroup> cgroup = tree.Make("cell", error);
  ASSERT_NE(cgroup, nullptr) << error;

  EXPECT_THAT(tree.Limit(*cgroup, kLimits), HasSubstr("cpu."));

  cgroup.reset();
  EXPECT_THAT(delegated_.Children(), IsEmpty());
}

TEST_F(CgroupTreeTest, RemovalKillsWhatIsInIt) {
  const CgroupTree tree = CgroupTree::Find(delegated_.name());
  std::string error;
  const std::unique_ptr<Cgroup> cgroup = tree.Make("cell", error);
  ASSERT_NE(cgroup, nullptr) << error;
  const pid_t sleeper = Sleeper(*cgroup);
  EXPECT_THAT(delegated_.Processes(), ElementsAre(sleeper));

  EXPECT_TRUE(cgroup->Remove());

  int status = 0;
  ASSERT_EQ(::waitpid(sleeper, &status, 0), sleeper);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_THAT(delegated_.Children(), IsEmpty());
}

TEST_F(CgroupTreeTest, LeftoversOfEarlierLivesGoAndOthersStay) {
  const CgroupTree tree = CgroupTree::Find(delegated_.name());
  std::string error;
  const auto stale = tree.Make("cell-17", error);
  // Of an executor named "cell-b", beside one named "cell".
  const auto other = tree.Make("cell-b-17", error);
  ASSERT_TRUE(stale && other) << error;
  const pid_t sleeper = Sleeper(*stale);
  const pid_t kept = Sleeper(*other);

  EXPECT_EQ(tree.RemoveStale("cell-"), 0);

  EXPECT_EQ(::waitpid(sleeper, nullptr, 0), sleeper);
  EXPECT_THAT(delegated_.Children(), ElementsAre("cell-b-17"));
  EXPECT_EQ(::kill(kept, 0), 0);
  other->Kill();
  ::waitpid(kept, nullptr, 0);
}

// A folder in the hierarchy of version 2, which has controllers only where
// version 1 is not in use; moving works anyway.
class CgroupV2Test : public CgroupTreeTest {
 protected:
  void SetUp() override {
    for (const CgroupMount& mount : FindCgroupMounts()) {
      if (mount.v2) mount_ = mount.path;
    }
    if (mount_.empty()) GTEST_SKIP() << "this kernel has no cgroup version 2";
    path_ = mount_ + "/" + name_;
    ASSERT_EQ(::mkdir(path_.c_str(), 0755), 0);
  }
  void TearDown() override {
    if (mount_.empty()) return;
    EXPECT_TRUE(Cgroup({{"", path_}}).Remove());
  }

  std::string mount_;
  std::string path_;
  const std::string name_ = absl::StrCat("airlock-test-", ::getpid(), "-v2");
};

TEST_F(CgroupV2Test, ProcessesOfTheFolderItselfMakeWay) {
  Cgroup folder({{"", path_}});
  const pid_t sleeper = Sleeper(folder);
  ASSERT_THAT(ReadProcesses(path_), ElementsAre(sleeper));

  const FoundCgroups found = FindInV2(mount_, name_);

  EXPECT_THAT(ReadProcesses(path_), IsEmpty());
  EXPECT_THAT(ReadProcesses(path_ + "/airlock-host"), ElementsAre(sleeper));
  // Every controller either works now or is named.
  EXPECT_EQ(found.controllers.empty(), found.folders.empty());
  for (const Shortfall& shortfall : found.shortfalls) {
    EXPECT_THAT(shortfall.why, HasSubstr("would do"));
  }
  ::kill(sleeper, SIGKILL);
  ::waitpid(sleeper, nullptr, 0);
  EXPECT_TRUE(Cgroup({{"", path_ + "/airlock-host"}}).Remove());
}

// What an ordinary user is told who was given nothing; empty: it got something.
std::string WhyNothing(const std::string& mount) {
  if (::setresuid(kHostUser, kHostUser, kHostUser) != 0) return {};
  const FoundCgroups found = FindInV2(mount, "airlock-nobody-made-this");
  if (!found.controllers.empty() || found.shortfalls.size() != 3) return {};
  return found.shortfalls[0].why;
}

TEST_F(CgroupV2Test, CgroupOfSomebodyElseIsNotOurs) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(WhyNothing(mount_).find("Delegate=yes") == std::string::npos);
  }

  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);

  EXPECT_EQ(status, 0);
}

TEST_F(CgroupV2Test, ForkingProcessesAreKilledAllAtOnce) {
  Cgroup folder({{"", path_}});
  const pid_t sleeper = Sleeper(folder);

  // The folder stays until its process, a child of this one, is reaped.
  EXPECT_TRUE(folder.Kill());

  int status = 0;
  ASSERT_EQ(::waitpid(sleeper, &status, 0), sleeper);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(CgroupMountsTest, FindsBothVersions) {
  const std::vector<CgroupMount> mounts = ParseCgroupMounts(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup "
      "rw,cpu,cpuacct\n"
      "31 25 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "cut\n");

  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_EQ(mounts[0].path, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_FALSE(mounts[0].v2);
  EXPECT_THAT(mounts[0].controllers, ElementsAre("rw", "cpu", "cpuacct"));
  EXPECT_EQ(mounts[1].path, "/sys/fs/cgroup/unified");
  EXPECT_TRUE(mounts[1].v2);
}

TEST(CgroupMountsTest, OwnCgroupIsThatOfVersionTwo) {
  EXPECT_EQ(ParseOwnCgroup("4:memory:/x\n0::/user.slice/a.service\n"),
            "/user.slice/a.service");
  EXPECT_EQ(ParseOwnCgroup("4:memory:/x\n"), "");
  EXPECT_EQ(ParseOwnCgroup("0::/../outside\n"), "");
}

}  // namespace
}  // namespace airlock::runner
