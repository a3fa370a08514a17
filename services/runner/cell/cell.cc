#include "services/runner/cell/cell.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "services/runner/cell/cell_process.h"

namespace airlock::runner {
namespace {

using std::chrono::steady_clock;

// To build a root takes milliseconds.
constexpr std::chrono::seconds kStartLimit(10);

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

bool Open(Pipe& pipe) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  return true;
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
std::string CheckSpec(const CellSpec& spec) {
  if (spec.uid == 0 || spec.gid == 0) {
    return "uid and gid of a cell must not be 0";
  }
  if (spec.workspace_bytes == 0 || spec.tmp_bytes == 0 || spec.inodes == 0) {
    return "workspace_bytes, tmp_bytes and inodes of a cell must not be 0";
  }
  return {};
}

// Like fork(), with a descriptor of the new process.
pid_t CloneCell(bool network, int& pidfd) {
  std::uint64_t flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                        CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD | SIGCHLD;
  if (!network) flags |= CLONE_NEWNET;
  return static_cast<pid_t>(
      ::syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, nullptr));
}

// Reads to the end, which comes when the runner runs. Empty: it does.
std::string ReadReport(int fd) {
  const auto deadline = steady_clock::now() + kStartLimit;
  std::string report;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    const int count = left.count() <= 0
                          ? 0
                          : ::poll(&ready, 1, static_cast<int>(left.count()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return "it took too long; a host with less to do would do";
    std::array<char, 1024> buffer;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return report;
    report.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

void KillAndReap(pid_t pid) {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

// Lets the new process go on, and waits until it is the runner.
std::string Accompany(pid_t pid, Cgroup& cgroup, Pipe& go, Pipe& report) {
  report.write.Reset();
  std::string problem = cgroup.Add(pid);
  if (!problem.empty()) return problem;
  // We read there as well, so that no signal comes if it is gone already.
  if (::write(go.write.get(), "g", 1) != 1) return WithErrno("cannot say go");
  std::string told = ReadReport(report.read.get());
  if (told.empty() || told.front() != kAboutToRun) {
    // Killed before it could say anything: most likely for memory.
    return told.empty() ? "it was killed; a higher memory limit may do" : told;
  }
  return told.substr(1);
}

CellStart Failed(std::string_view problem) {
  CellStart start;
  start.error = "cannot start a cell: " + std::string(problem);
  return start;
}

}  // namespace

CellStart StartCell(const CellSpec& spec, Cgroup& cgroup,
                    const CellStreams& streams) {
  std::string problem = CheckSpec(spec);
  if (!problem.empty()) return Failed(problem);
  // A path that the new process can open as well: it has mounts of its own.
  CellSpec found = spec;
  std::error_code error;
  found.runner_path = std::filesystem::canonical(spec.runner_path, error);
  if (error) {
    return Failed("the runner " + spec.runner_path + ": " + error.message());
  }
  Pipe go;
  Pipe report;
  if (!Open(go) || !Open(report)) return Failed(WithErrno("no pipe"));
  int pidfd = -1;
  const CellPlan plan{.spec = found,
                      .streams = streams,
                      .cgroup = cgroup.folders(),
                      .host_uid = ::geteuid(),
                      .host_gid = ::getegid(),
                      .go_fd = go.read.get(),
                      .report_fd = report.write.get()};
  const pid_t pid = CloneCell(spec.network, pidfd);
  if (pid == 0) BecomeCell(plan);
  if (pid < 0) {
    const std::string_view advice = AdviceForClone(errno);
    return Failed(WithErrno("no new namespaces").append(advice));
  }
  CellStart start;
  start.pid = pid;
  start.pidfd = UniqueFd(pidfd);
  problem = Accompany(pid, cgroup, go, report);
  if (problem.empty()) return start;
  KillAndReap(pid);
  return Failed(problem);
}

}  // namespace airlock::runner
