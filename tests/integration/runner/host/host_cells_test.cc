// What a host program does with its cells: some are slow, some do not end.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/runner/cell/cgroup_files.h"
#include "services/runner/cell/cgroup_mounts.h"
#include "services/runner/host/spare_cells.h"
#include "services/runner/unique_fd.h"
#include "tests/integration/runner/host/host_fixture.h"
#include "tests/support/delegated_cgroup.h"
#include "tests/support/sanitized.h"

namespace airlock::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using v1::FromHost;
using v1::ToHost;

constexpr int kPatienceMs = 20'000;

// Initialised before the fixture that is told its name.
class WithCgroup {
 protected:
  DelegatedCgroup cgroup_{::geteuid()};
};

class HostCellsTest : protected WithCgroup, public HostProgramTest {
 protected:
  HostCellsTest() : HostProgramTest(cgroup_.name()) {}

  void SetUp() override {
    if (kSanitized) {
      GTEST_SKIP() << "AddressSanitizer asks for what cells are refused";
    }
    ASSERT_EQ(::geteuid(), 0U) << "to make a part of the cgroups needs root";
    line_ = Welcomed();
  }

  // The cell whose runner says something next; 0: something else came.
  std::uint64_t CellThatSpeaks() {
    const FromHost heard = line_->Hear().value_or(FromHost());
    EXPECT_TRUE(heard.has_cell_data()) << heard.ShortDebugString();
    return heard.cell_data().cell();
  }
  v1::CellEnded CellThatEnds() {
    const FromHost heard = line_->Hear().value_or(FromHost());
    EXPECT_TRUE(heard.has_cell_ended()) << heard.ShortDebugString();
    return heard.cell_ended();
  }
  void Close(std::uint64_t cell) {
    ToHost message;
    message.mutable_close_cell()->set_cell(cell);
    line_->Say(message);
  }

  // Opens cell 1, after which spare ones are kept. Returns them once all are
  // in their cgroups.
  std::vector<pid_t> OpenFirst() {
    line_->Say(Open(1));
    EXPECT_EQ(CellThatSpeaks(), 1U);
    const absl::Time deadline = absl::Now() + kPatience;
    std::vector<pid_t> spares = Spares();
    while (spares.size() < SpareCells::kMost && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(5));
      spares = Spares();
    }
    EXPECT_THAT(spares, SizeIs(SpareCells::kMost));
    return spares;
  }

  // What the kernel was told of a cgroup, whichever its version is.
  std::string Limit(const std::string& folder, const std::string& v1,
                    const std::string& v2) const {
    for (const CgroupMount& mount : FindCgroupMounts()) {
      for (const std::string& file : {v1, v2}) {
        const std::string path = absl::StrCat(mount.path, "/", cgroup_.name(),
                                              "/", folder, "/", file);
        std::string text = ReadCgroupFile(path);
        if (!text.empty()) return text;
      }
    }
    return "";
  }

  // The network namespace of what is in a cell.
  std::string Network(const std::string& folder) const {
    for (const CgroupMount& mount : FindCgroupMounts()) {
      for (const pid_t pid : ReadProcesses(
               absl::StrCat(mount.path, "/", cgroup_.name(), "/", folder))) {
        return std::filesystem::read_symlink(
            absl::StrCat("/proc/", pid, "/ns/net"));
      }
    }
    return "";
  }

  // In every hierarchy a folder in that of a cell, so that it has to stay.
  std::vector<std::string> Occupy(const std::string& folder) const {
    std::vector<std::string> made;
    for (const CgroupMount& mount : FindCgroupMounts()) {
      const std::string path = absl::StrCat(mount.path, "/", cgroup_.name(),
                                            "/", folder, "/occupied");
      if (::mkdir(path.c_str(), 0755) == 0) made.push_back(path);
    }
    return made;
  }

  std::unique_ptr<Line> line_;

 private:
  // Processes in our cgroups that are still the host program.
  std::vector<pid_t> Spares() const {
    std::vector<pid_t> spares;
    for (const pid_t pid : cgroup_.Processes()) {
      std::ifstream file(absl::StrCat("/proc/", pid, "/cmdline"));
      const std::string words{std::istreambuf_iterator<char>(file), {}};
      if (absl::StrContains(words, directory_.path())) spares.push_back(pid);
    }
    return spares;
  }
};

TEST_F(HostCellsTest, NothingIsKeptForWhoNeverAsks) {
  EXPECT_THAT(cgroup_.Children(), IsEmpty());
}

TEST_F(HostCellsTest, ASlowStartHoldsUpNobodyElse) {
  for (const pid_t spare : OpenFirst()) ::kill(spare, SIGSTOP);
  std::uint64_t cell = 1;
  std::vector<std::uint64_t> slow;
  while (slow.size() < SpareCells::kMost) {
    slow.push_back(++cell);
    line_->Say(Open(cell));
  }

  line_->Say(Open(++cell));

  EXPECT_EQ(CellThatSpeaks(), cell);

  // What is said to one that starts is heard when it runs: a frame of this
  // length is the end of it.
  ToHost data;
  data.mutable_cell_data()->set_cell(slow.front());
  data.mutable_cell_data()->set_data("\xff\xff\xff\xff");
  line_->Say(data);
  for (const pid_t pid : cgroup_.Processes()) ::kill(pid, SIGCONT);
  // One may say more than that it is there.
  std::set<std::uint64_t> spoke;
  std::vector<std::uint64_t> ended;
  while (spoke.size() < slow.size() || ended.empty()) {
    const FromHost heard = line_->Hear().value_or(FromHost());
    if (heard.has_cell_data()) spoke.insert(heard.cell_data().cell());
    if (heard.has_cell_ended()) ended.push_back(heard.cell_ended().cell());
    ASSERT_FALSE(heard.has_refused()) << heard.ShortDebugString();
    ASSERT_NE(heard.frame_case(), FromHost::FRAME_NOT_SET);
  }
  EXPECT_THAT(spoke, testing::UnorderedElementsAreArray(slow));
  EXPECT_THAT(ended, ElementsAre(slow.front()));
}

TEST_F(HostCellsTest, AStartThatNeverEndsIsGivenUp) {
  for (const pid_t spare : OpenFirst()) ::kill(spare, SIGSTOP);
  line_->Say(Open(2));

  const v1::CellEnded ended = CellThatEnds();

  EXPECT_EQ(ended.cell(), 2U);
  EXPECT_EQ(ended.reason(), "NOT_MADE");
  EXPECT_THAT(ended.message(), HasSubstr("it took too long"));
}

TEST_F(HostCellsTest, OneThatStartsCanBeClosed) {
  for (const pid_t spare : OpenFirst()) ::kill(spare, SIGSTOP);
  line_->Say(Open(2));

  Close(2);

  const v1::CellEnded ended = CellThatEnds();
  EXPECT_EQ(ended.cell(), 2U);
  EXPECT_EQ(ended.reason(), "CLOSED");
}

TEST_F(HostCellsTest, SparesThatSomebodyKilledAreNotUsed) {
  for (const pid_t spare : OpenFirst()) {
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, spare, 0)));
    ::kill(spare, SIGKILL);
    pollfd ended{pidfd.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&ended, 1, kPatienceMs), 1);
  }

  line_->Say(Open(2));

  EXPECT_EQ(CellThatSpeaks(), 2U);
}

TEST_F(HostCellsTest, SparesGetTheLimitsOfWhoeverTakesThem) {
  OpenFirst();
  ASSERT_THAT(cgroup_.Children(), SizeIs(1 + SpareCells::kMost));
  ToHost open = Open(2);
  open.mutable_open_cell()->set_memory_bytes(80 << 20);
  open.mutable_open_cell()->set_cpu_millis(1500);
  open.mutable_open_cell()->set_pids(23);
  line_->Say(open);
  ASSERT_EQ(CellThatSpeaks(), 2U);

  // The oldest of them, made after that of the first cell.
  EXPECT_EQ(Limit("test-2", "memory.limit_in_bytes", "memory.max"),
            absl::StrCat(80 << 20, "\n"));
  EXPECT_EQ(Limit("test-2", "pids.max", "pids.max"), "23\n");
  EXPECT_THAT(Limit("test-2", "cpu.cfs_quota_us", "cpu.max"),
              testing::StartsWith("150000"));
}

TEST_F(HostCellsTest, SparesOfTheOtherNetworkAreNotUsed) {
  OpenFirst();
  ToHost open = Open(2);
  open.mutable_open_cell()->set_network(true);
  line_->Say(open);
  ASSERT_EQ(CellThatSpeaks(), 2U);

  // Numbers two to five are of those that were given up.
  EXPECT_EQ(Network(absl::StrCat("test-", 2 + SpareCells::kMost)),
            std::filesystem::read_symlink("/proc/self/ns/net").string());
  EXPECT_THAT(Network("test-1"), testing::StartsWith("net:"));
  EXPECT_NE(Network("test-1"),
            std::filesystem::read_symlink("/proc/self/ns/net").string());
}

TEST_F(HostCellsTest, ACellThatCannotBeRemovedHoldsUpNobodyElse) {
  OpenFirst();
  const std::vector<std::string> occupied = Occupy("test-1");
  ASSERT_THAT(occupied, testing::Not(IsEmpty()));
  Close(1);

  line_->Say(Open(2));

  EXPECT_EQ(CellThatSpeaks(), 2U);
  const v1::CellEnded ended = CellThatEnds();
  EXPECT_EQ(ended.cell(), 1U);
  EXPECT_EQ(ended.reason(), "CLOSED");
  EXPECT_THAT(ended.message(), HasSubstr("could not be removed"));
  for (const std::string& path : occupied) ::rmdir(path.c_str());
}

}  // namespace
}  // namespace airlock::runner
