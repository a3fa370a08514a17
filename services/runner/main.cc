// airlock-runner: process 1 of a sandbox. Options, hardening, then Runner.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

#include "services/runner/close_range.h"
#include "services/runner/complain.h"
#include "services/runner/files/file_program.h"
#include "services/runner/host/host_program.h"
#include "services/runner/manifest/manifest.h"
#include "services/runner/probe/probe.h"
#include "services/runner/runner.h"

namespace {

using airlock::runner::Complain;
using airlock::runner::kExitFailed;
using airlock::runner::UniqueFd;

constexpr std::string_view kUsage =
    "Usage: airlock-runner [--workspace DIR] [--cgroup DIR]\n"
    "       airlock-runner file ...    reads, writes or deletes a file\n"
    "       airlock-runner probe ...   tries the limits of a sandbox\n"
    "       airlock-runner line ...    connects sshd to a machine's host\n"
    "       airlock-runner host ...    keeps the sandboxes of an executor\n"
    "       airlock-runner manifest ... says what is on a machine\n"
    "\n"
    "Starts and kills processes inside an Airlock sandbox, as its process 1.\n"
    "Speaks airlock.runner.v1 on standard input and output.\n"
    "\n"
    "  --workspace DIR  where files go (default /workspace)\n"
    "  --cgroup DIR     where the kernel counts (default /sys/fs/cgroup)\n"
    "  --help           this text\n"
    "  --version        the version\n";

// Reads the options. Sets `exit_code` and returns false when there is nothing
// to run.
bool ReadOptions(int argc, char** argv, airlock::runner::RunnerOptions& options,
                 int& exit_code) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    exit_code = 0;
    if (option == "--help") {
      std::cout << kUsage;
      return false;
    }
    if (option == "--version") {
      std::cout << "airlock-runner " AIRLOCK_VERSION "\n";
      return false;
    }
    if (option == "--workspace" && i + 1 < argc) {
      options.workspace = argv[++i];
    } else if (option == "--cgroup" && i + 1 < argc) {
      options.cgroup = argv[++i];
    } else {
      std::cerr << "airlock-runner: unknown or incomplete option \"" << option
                << "\"; --help lists them\n";
      exit_code = kExitFailed;
      return false;
    }
  }
  return true;
}

// A signal from inside must not end or stop this program: process 1 is immune
// to SIGKILL and SIGSTOP from its own namespace, and the rest is blocked.
void BlockSignals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

// The job may share our user id: it must not trace us or open what is ours
// under /proc.
bool MakeUndumpable() { return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0; }

// With many processes at a time we need more files than each of them may have:
// takes what is allowed, within reason, and returns what they get.
std::uint64_t RaiseOpenFiles() {
  // 256 processes with four each, and some to spare.
  constexpr rlim_t kWanted = 2048;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t theirs = limit.rlim_cur;
  const rlim_t ours = std::min(kWanted, limit.rlim_max);
  if (ours <= theirs) return theirs;
  limit.rlim_cur = ours;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    Complain("cannot open more files");
  }
  return theirs;
}

bool AreStreamsOpen() {
  for (const int fd : {0, 1, 2}) {
    if (::fcntl(fd, F_GETFD) < 0) return false;
  }
  return ::fcntl(0, F_SETFL, ::fcntl(0, F_GETFL) | O_NONBLOCK) == 0 &&
         ::fcntl(1, F_SETFL, ::fcntl(1, F_GETFL) | O_NONBLOCK) == 0;
}

int Serve(airlock::runner::RunnerOptions options) {
  // Nothing that was open when we came may reach a process.
  airlock::runner::CloseFrom(3);
  // While its file is still ours: after the next step it belongs to root.
  UniqueFd oom_score(::open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC));
  BlockSignals();
  if (!AreStreamsOpen() || !MakeUndumpable()) {
    Complain(std::string("cannot prepare: ") + std::strerror(errno));
    return kExitFailed;
  }
  if (!oom_score.valid()) Complain("no access to /proc/self/oom_score_adj");
  options.open_files = RaiseOpenFiles();
  ::umask(0);  // modes are told exactly; processes get 022
  airlock::runner::Workspace workspace(options.workspace);
  if (!workspace.ok()) {
    Complain("cannot open the workspace " + workspace.open_error());
    return kExitFailed;
  }
  return airlock::runner::Runner(options, workspace, std::move(oom_score))
      .Run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "file") {
    return airlock::runner::FileMain(argc - 2, argv + 2);
  }
  if (argc > 1 && std::string_view(argv[1]) == "probe") {
    return airlock::runner::ProbeMain(argc - 2, argv + 2);
  }
  if (argc > 1 && std::string_view(argv[1]) == "line") {
    return airlock::runner::LineMain(argc - 2, argv + 2);
  }
  if (argc > 1 && std::string_view(argv[1]) == "host") {
    return airlock::runner::HostMain(argc - 2, argv + 2);
  }
  if (argc > 1 && std::string_view(argv[1]) == "manifest") {
    return airlock::runner::ManifestMain(argc - 2, argv + 2);
  }
  airlock::runner::RunnerOptions options;
  int exit_code = 0;
  if (!ReadOptions(argc, argv, options, exit_code)) return exit_code;
  try {
    return Serve(options);
  } catch (const std::exception& error) {
    Complain(error.what());
    return kExitFailed;
  }
}
