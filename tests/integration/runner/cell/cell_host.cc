// An ordinary user's program that starts one cell on its own standard streams,
// and ends with it.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/runner/cell/cell.h"
#include "services/runner/cell/cgroup_tree.h"

namespace {

using airlock::runner::Cell;
using airlock::runner::CellSite;
using airlock::runner::CellSpec;
using airlock::runner::CellStreams;
using airlock::runner::Cgroup;
using airlock::runner::CgroupLimits;
using airlock::runner::CgroupTree;
using airlock::runner::UniqueFd;

// "--name value" pairs. A name may come several times.
using Options = std::multimap<std::string, std::string>;

std::string Word(const Options& options, const std::string& name,
                 const std::string& otherwise = "") {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

std::uint64_t Number(const Options& options, const std::string& name,
                     std::uint64_t otherwise) {
  return std::stoull(Word(options, name, std::to_string(otherwise)));
}

std::uint32_t Small(const Options& options, const std::string& name,
                    std::uint32_t otherwise) {
  return static_cast<std::uint32_t>(Number(options, name, otherwise));
}

// Gives up root for good.
bool BecomeUser(uid_t uid) {
  return uid == 0 ||
         (::setgroups(0, nullptr) == 0 && ::setresgid(uid, uid, uid) == 0 &&
          ::setresuid(uid, uid, uid) == 0);
}

CellSpec SpecOf(const Options& options) {
  CellSpec spec;
  spec.workspace_bytes = Number(options, "--workspace", 8 << 20);
  spec.tmp_bytes = Number(options, "--tmp", 4 << 20);
  spec.inodes = Number(options, "--inodes", 1000);
  spec.uid = Small(options, "--inner-uid", 1000);
  spec.gid = Small(options, "--inner-gid", 1000);
  return spec;
}

CellSite SiteOf(const Options& options) {
  CellSite site;
  site.runner_path = Word(options, "--runner");
  site.network = Word(options, "--network") == "host";
  const auto [begin, end] = options.equal_range("--hidden");
  for (auto one = begin; one != end; ++one) site.hidden.push_back(one->second);
  return site;
}

CgroupLimits LimitsOf(const Options& options) {
  CgroupLimits limits;
  limits.memory_bytes = Number(options, "--memory", 128 << 20);
  limits.cpu_millis = Small(options, "--cpu", 1000);
  limits.pids = Small(options, "--pids", 32);
  return limits;
}

// False: it does not run.
bool Start(Cell& cell, const CellSpec& spec) {
  constexpr int kLookMs = 100;
  if (cell.error().empty()) cell.Start(spec);
  while (cell.starting()) {
    pollfd report{cell.report_fd(), POLLIN, 0};
    ::poll(&report, 1, kLookMs);
    cell.ReadReport();
  }
  return cell.error().empty();
}

// Ends as the cell does: 0 when it left by itself.
int Wait(Cell& cell) {
  pollfd ended{cell.pidfd(), POLLIN, 0};
  ::poll(&ended, 1, -1);
  int status = 0;
  cell.Reap(status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Host(const Options& options) {
  if (!BecomeUser(Small(options, "--uid", 0))) {
    std::cerr << "cannot become the user\n";
    return EXIT_FAILURE;
  }
  CellStreams streams{0, 1, 2};
  // A pipe whose writing end stays open whoever dies.
  const UniqueFd fifo(::open(Word(options, "--stdin").c_str(), O_RDWR));
  if (fifo.valid()) streams.in = fifo.get();
  // What must not reach the cell, on purpose without O_CLOEXEC.
  const UniqueFd leak(::open(Word(options, "--leak").c_str(), O_RDONLY));
  const CgroupTree tree = CgroupTree::Find(Word(options, "--cgroup"));
  for (const auto& shortfall : tree.shortfalls()) {
    std::cerr << "shortfall " << shortfall.what << ": " << shortfall.why
              << "\n";
  }
  std::string error;
  const std::unique_ptr<Cgroup> cgroup =
      tree.Make(Word(options, "--name", "cell"), error);
  if (cgroup != nullptr) error = tree.Limit(*cgroup, LimitsOf(options));
  if (!error.empty()) {
    std::cerr << error << "\n";
    return EXIT_FAILURE;
  }
  Cell cell(SiteOf(options), *cgroup, streams);
  if (!Start(cell, SpecOf(options))) {
    std::cerr << cell.error() << "\n";
    return EXIT_FAILURE;
  }
  return Wait(cell);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) options.emplace(argv[i], argv[i + 1]);
  try {
    return Host(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
