// Nothing of a cell outlives it.
#include <poll.h>
#include <sys/syscall.h>

#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "services/runner/unique_fd.h"
#include "tests/integration/runner/cell/cell_fixture.h"

namespace airlock::runner {
namespace {

// Watches processes that are not this one's children.
class Watched {
 public:
  explicit Watched(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) {
      fds_.emplace_back(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    }
  }
  std::size_t count() const { return fds_.size(); }

  // Whether all end; false after ten seconds.
  bool End() const {
    constexpr int kLimitMs = 10'000;
    for (const UniqueFd& fd : fds_) {
      pollfd ended{fd.get(), POLLIN, 0};
      if (::poll(&ended, 1, kLimitMs) != 1) return false;
    }
    return true;
  }

 private:
  std::vector<UniqueFd> fds_;
};

// Whether the first process is the runner already.
bool IsCell(const std::vector<pid_t>& pids) {
  if (pids.empty()) return false;
  std::string name;
  std::ifstream(absl::StrCat("/proc/", pids.front(), "/comm")) >> name;
  return name == "airlock-runner";
}

using CellEndTest = CellTest;

TEST_F(CellEndTest, KillingItsFirstProcessEndsAllOfIt) {
  const auto cell = Start();
  executor::ProcessSpec spec;
  spec.argv = {"sh", "-c", "setsid sleep 100 & sleep 100 & echo begun; wait"};
  spec.timeout = absl::Seconds(60);
  cell->Begin(spec);
  ASSERT_TRUE(cell->observer().WaitOutput("begun"));
  const std::vector<pid_t> all = cgroup_.Processes();
  const Watched watched(all);
  ASSERT_EQ(watched.count(), 4U);

  // The first one: processes are listed by number.
  ASSERT_EQ(::kill(all.front(), SIGKILL), 0);

  EXPECT_TRUE(watched.End());
}

TEST_F(CellEndTest, EndsWithItsHostProgram) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0666), 0);
  ASSERT_EQ(::chmod(fifo.c_str(), 0666), 0);
  // Here the end of its input never comes, and no namespace ends with the host
  // program: nothing but its death is left to notice.
  ChildProcess host(
      HostCommand({"--uid", std::to_string(kHostUser), "--stdin", fifo}));
  while (!IsCell(cgroup_.Processes())) {
    ASSERT_TRUE(host.running()) << host.whole_output();
    absl::SleepFor(absl::Milliseconds(2));
  }
  const Watched watched(cgroup_.Processes());
  ASSERT_EQ(watched.count(), 1U);

  host.Kill();

  EXPECT_TRUE(watched.End());
}

TEST_F(CellEndTest, LeavesNoCgroup) {
  const std::vector<std::string> command =
      HostCommand({"--uid", std::to_string(kHostUser)});
  // A runner without a pipe to read from ends at once.
  ChildProcess host(command);

  EXPECT_TRUE(host.WaitExit(absl::Seconds(20)).has_value());

  EXPECT_THAT(host.whole_output(), testing::HasSubstr("airlock-runner:"));
  EXPECT_THAT(cgroup_.Children(), testing::IsEmpty());
}

}  // namespace
}  // namespace airlock::runner
