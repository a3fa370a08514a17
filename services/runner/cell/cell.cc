#include "services/runner/cell/cell.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

#include "services/runner/cell/cell_process.h"

namespace airlock::runner {
namespace {

using std::chrono::steady_clock;

// To build a root takes milliseconds.
constexpr std::chrono::seconds kStartLimit(10);
// More than any error says.
constexpr std::size_t kMaxReport = 4096;

static_assert(std::is_trivially_copyable_v<CellSpec>);

// One is ours, the other its.
struct Ends {
  UniqueFd ours;
  UniqueFd its;
};

// Told apart by messages, and no signal comes when the other one is gone.
bool OpenOrders(Ends& orders) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) !=
      0) {
    return false;
  }
  orders = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  return true;
}

// We do not wait for what is not there.
bool OpenReport(Ends& report) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  report = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

std::string WithErrno(std::string_view what) {
  return std::string(what) + ": " + std::strerror(errno);
}

// What a refusal of namespaces usually comes from.
std::string_view AdviceForClone(int error) {
  switch (error) {
    case ENOSPC:
    case EUSERS:
      return "; a higher user.max_*_namespaces (sysctl) would do";
    case EPERM:
    case EACCES:
      return "; a host that lets ordinary users make user namespaces would do "
             "(sysctl kernel.unprivileged_userns_clone=1, "
             "kernel.apparmor_restrict_unprivileged_userns=0)";
    default:
      return "";
  }
}

// Empty: nothing is wrong.
std::string_view CheckSpec(const CellSpec& spec) {
  if (spec.uid == 0 || spec.gid == 0) {
    return "uid and gid of a cell must not be 0";
  }
  if (spec.workspace_bytes == 0 || spec.tmp_bytes == 0 || spec.inodes == 0) {
    return "workspace_bytes, tmp_bytes and inodes of a cell must not be 0";
  }
  return {};
}

// Like fork(), with a descriptor of the new process, which makes what takes
// longer for itself.
pid_t CloneCell(int& pidfd) {
  constexpr std::uint64_t kFlags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                   CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD |
                                   SIGCHLD;
  return static_cast<pid_t>(
      ::syscall(SYS_clone, kFlags, nullptr, &pidfd, nullptr, nullptr));
}

}  // namespace

Cell::Cell(const CellSite& site, Cgroup& cgroup, const CellStreams& streams) {
  Make(site, cgroup, streams);
}

void Cell::Make(const CellSite& site, Cgroup& cgroup,
                const CellStreams& streams) {
  // A path that the new process can open as well: it has mounts of its own.
  CellSite found = site;
  std::error_code error;
  found.runner_path = std::filesystem::canonical(site.runner_path, error);
  if (error) {
    return Fail("the runner " + site.runner_path + ": " + error.message());
  }
  Ends orders;
  Ends report;
  if (!OpenOrders(orders) || !OpenReport(report)) {
    return Fail(WithErrno("no pipe"));
  }
  const CellPlan plan{.site = found,
                      .streams = streams,
                      .cgroup = cgroup,
                      .host_uid = ::geteuid(),
                      .host_gid = ::getegid(),
                      .orders_fd = orders.its.get(),
                      .report_fd = report.its.get()};
  int pidfd = -1;
  const pid_t pid = CloneCell(pidfd);
  if (pid == 0) BecomeCell(plan);
  if (pid < 0) {
    const std::string_view advice = AdviceForClone(errno);
    return Fail(WithErrno("no new namespaces").append(advice));
  }
  pid_ = pid;
  pidfd_ = UniqueFd(pidfd);
  orders_ = std::move(orders.ours);
  report_ = std::move(report.ours);
}

Cell::~Cell() {
  if (pid_ < 0) return;
  Kill();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

void Cell::Start(const CellSpec& spec) {
  const std::string_view problem = CheckSpec(spec);
  if (!problem.empty()) return Fail(problem);
  deadline_ = steady_clock::now() + kStartLimit;
  // Refused when it is gone, and then the report says more.
  ::send(orders_.get(), &spec, sizeof(spec), MSG_NOSIGNAL);
  orders_.Reset();
}

void Cell::ReadReport() {
  if (!starting()) return;
  std::array<char, 1024> buffer;
  ssize_t size = 0;
  do {
    size = ::read(report_.get(), buffer.data(), buffer.size());
    if (size > 0 && told_.size() < kMaxReport) {
      told_.append(buffer.data(), static_cast<std::size_t>(size));
    }
  } while (size > 0 || (size < 0 && errno == EINTR));
  if (size < 0) {
    if (steady_clock::now() < deadline_) return;
    return Fail("it took too long; a host with less to do would do");
  }
  // The end comes when the runner runs, or never will.
  report_.Reset();
  // Killed before it could say anything: most likely for memory.
  if (told_.empty()) return Fail("it was killed; a higher memory limit may do");
  if (told_.front() != kAboutToRun) return Fail(told_);
  if (told_.size() > 1) Fail(told_.substr(1));
}

void Cell::Fail(std::string_view problem) {
  report_.Reset();
  error_ = "cannot start a cell: " + std::string(problem);
}

void Cell::Kill() const {
  // Process 1 of its namespace: all in it dies with it.
  if (pid_ >= 0) ::kill(pid_, SIGKILL);
}

bool Cell::HasEnded() const {
  pollfd ended{pidfd_.get(), POLLIN, 0};
  return ::poll(&ended, 1, 0) != 0;
}

bool Cell::Reap(int& status) {
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  pidfd_.Reset();
  return true;
}

}  // namespace airlock::runner
