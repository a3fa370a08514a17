#include "services/runner/cell/cgroup.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "services/runner/cell/cgroup_files.h"

namespace airlock::runner {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause(1);

// Kills once what is in a folder. False: nothing was.
bool KillOnce(const std::string& folder) {
  const std::vector<pid_t> processes = ReadProcesses(folder);
  // At once with version 2, so that nobody forks in between.
  if (!processes.empty() &&
      WriteCgroupFile(folder + "/cgroup.kill", "1") == 0) {
    return true;
  }
  for (const pid_t pid : processes) {
    // Nobody puts us or process 1 there; but that would be the end.
    if (pid > 1 && pid != ::getpid()) ::kill(pid, SIGKILL);
  }
  return !processes.empty();
}

// Tries until it succeeds or `deadline` has come.
template <typename Try>
bool Repeat(steady_clock::time_point deadline, Try attempt) {
  while (!attempt()) {
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

bool RemoveFolder(const std::string& path) {
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT;
}

}  // namespace

Cgroup::Cgroup(std::vector<CgroupFolder> folders)
    : folders_(std::move(folders)) {}

Cgroup::~Cgroup() { Remove(); }

std::string Cgroup::Add(pid_t pid) {
  for (const CgroupFolder& folder : folders_) {
    const int error =
        WriteCgroupFile(folder.path + "/cgroup.procs", std::to_string(pid));
    if (error == 0) continue;
    return "cannot move a process into the cgroup " + folder.path + ": " +
           std::strerror(error);
  }
  return {};
}

bool Cgroup::Kill(std::chrono::milliseconds limit) {
  return Repeat(steady_clock::now() + limit, [this] {
    bool empty = true;
    for (const CgroupFolder& folder : folders_) {
      if (KillOnce(folder.path)) empty = false;
    }
    return empty;
  });
}

bool Cgroup::Remove(std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  if (!Kill(limit)) return false;
  // What has just ended keeps its folder for a moment.
  return Repeat(deadline, [this] {
    return std::all_of(
        folders_.begin(), folders_.end(),
        [](const CgroupFolder& folder) { return RemoveFolder(folder.path); });
  });
}

}  // namespace airlock::runner
