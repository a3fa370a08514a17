#include "services/runner/host/host_program.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "services/runner/cell/cgroup_tree.h"
#include "services/runner/cell/shortfall.h"
#include "services/runner/close_range.h"
#include "services/runner/complain.h"
#include "services/runner/host/door.h"
#include "services/runner/host/host.h"
#include "services/runner/host/host_start.h"
#include "services/runner/host/state_folder.h"

namespace airlock::runner {
namespace {

constexpr std::chrono::seconds kStartLimit(10);
constexpr std::chrono::milliseconds kStartPoll(5);
// Who looks for a host holds its lock for a moment.
constexpr std::chrono::seconds kLockLimit(1);

struct Arguments {
  DoorPath door;
  std::string cgroup = DefaultCgroupName();
  // Said first by a line: what comes before it is a login shell's.
  std::string mark;
  // Why the host was given no cgroup; empty: no reason is known.
  std::string undelegated;
};

// False: it said what is wrong.
bool ReadArguments(int argc, char** argv, Arguments& out) {
  for (int i = 0; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (i + 1 == argc) {
      Complain("nothing follows " + std::string(option));
      return false;
    }
    if (option == "--executor") {
      out.door.executor = argv[i + 1];
    } else if (option == "--state") {
      out.door.folder = argv[i + 1];
    } else if (option == "--cgroup") {
      out.cgroup = argv[i + 1];
    } else if (option == "--mark") {
      out.mark = argv[i + 1];
    } else if (option == "--undelegated") {
      out.undelegated = argv[i + 1];
    } else {
      Complain("unknown option " + std::string(option));
      return false;
    }
  }
  const std::string problem = out.door.Problem();
  if (!problem.empty()) Complain(problem);
  return problem.empty();
}

UniqueFd TakeLock(const DoorPath& door) {
  const auto end = std::chrono::steady_clock::now() + kLockLimit;
  while (true) {
    UniqueFd lock = LockDoor(door);
    if (lock.valid() || std::chrono::steady_clock::now() > end) return lock;
    std::this_thread::sleep_for(kStartPoll);
  }
}

// As many as we may: the usual 1024 are too few for many cells, and who hands
// over must be allowed more descriptors on their way than a cell, with 2048,
// can have there: they are counted by account.
void RaiseOpenFiles() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

UniqueFd WatchSignals() {
  sigset_t asked;
  ::sigemptyset(&asked);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&asked, signal);
  UniqueFd fd(::signalfd(-1, &asked, SFD_CLOEXEC | SFD_NONBLOCK));
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  return fd;
}

std::vector<std::string> HiddenPaths(const DoorPath& door) {
  std::vector<std::string> hidden{door.folder};
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/' && home[1] != '\0') {
    hidden.emplace_back(home);
  }
  return hidden;
}

// Removes the files of a host that is no more.
class DoorRemover {
 public:
  explicit DoorRemover(const DoorPath& path) : path_(path) {}
  ~DoorRemover() { RemoveDoor(path_); }
  DoorRemover(const DoorRemover&) = delete;
  DoorRemover& operator=(const DoorRemover&) = delete;

 private:
  const DoorPath& path_;
};

std::vector<Shortfall> AllShortfalls(const CgroupTree& tree,
                                     const std::string& undelegated) {
  std::vector<Shortfall> all = FindHostShortfalls();
  for (Shortfall shortfall : tree.shortfalls()) {
    if (!undelegated.empty()) shortfall.why += "; " + undelegated;
    all.push_back(std::move(shortfall));
  }
  return all;
}

int Serve(const Arguments& arguments) {
  // Nothing of whoever started us may reach a cell.
  CloseFrom(3);
  ::umask(077);
  RaiseOpenFiles();
  UniqueFd signals = WatchSignals();
  const UniqueFd lock = TakeLock(arguments.door);
  if (!lock.valid()) {
    Complain("another host serves this executor, or no lock can be made: " +
             std::string(std::strerror(errno)));
    return kHostFailed;
  }
  // After all that follows is gone, and before the lock is.
  const DoorRemover remover(arguments.door);
  const UniqueFd program = HoldProgram();
  SweepFolder(arguments.door);
  // Its cells have our account: they must not trace us.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  CgroupTree tree = CgroupTree::Find(arguments.cgroup);
  tree.RemoveStale(arguments.door.executor + "-");
  UniqueFd listener = OpenDoor(arguments.door);
  if (!listener.valid() || !signals.valid()) {
    Complain("cannot listen at " + arguments.door.socket() + ": " +
             std::strerror(errno));
    return kHostFailed;
  }
  std::vector<Shortfall> shortfalls =
      AllShortfalls(tree, arguments.undelegated);
  Host host({arguments.door.executor, HiddenPaths(arguments.door),
             std::move(shortfalls)},
            std::move(listener), std::move(signals), std::move(tree));
  return host.Run();
}

UniqueFd GoToHost(const DoorPath& path, HostStart& start) {
  const auto end = std::chrono::steady_clock::now() + kStartLimit;
  while (true) {
    UniqueFd door = Knock(path);
    if (door.valid() && HandOver(door.get())) return door;
    // Nobody is there, or one that is about to end.
    start.Advance();
    if (std::chrono::steady_clock::now() > end) return {};
    std::this_thread::sleep_for(kStartPoll);
  }
}

}  // namespace

int HostMain(int argc, char** argv) {
  Arguments arguments;
  if (!ReadArguments(argc, argv, arguments)) return kHostFailed;
  try {
    return Serve(arguments);
  } catch (const std::exception& error) {
    Complain(error.what());
    return kHostFailed;
  }
}

int LineMain(int argc, char** argv) {
  Arguments arguments;
  if (!ReadArguments(argc, argv, arguments)) return kHostFailed;
  ::signal(SIGPIPE, SIG_IGN);
  RaiseOpenFiles();
  const UniqueFd program = HoldProgram();
  // Before the host may write there. A pipe that is new takes it whole.
  if (::write(STDOUT_FILENO, arguments.mark.data(), arguments.mark.size()) !=
      static_cast<ssize_t>(arguments.mark.size())) {
    return kHostFailed;
  }
  HostStart start(arguments.door, arguments.cgroup);
  const UniqueFd door = GoToHost(arguments.door, start);
  if (!door.valid()) {
    Complain("no host came up in time; its log is " + start.log());
    return kHostFailed;
  }
  // The host alone reads and writes from here on: with our own descriptors
  // closed, sshd sees when the host closes its.
  ::close(STDIN_FILENO);
  ::close(STDOUT_FILENO);
  pollfd wait{door.get(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  return 0;
}

}  // namespace airlock::runner
