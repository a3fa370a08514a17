// What this process may use.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "services/runner/probe/fact.h"
#include "services/runner/probe/probe.h"
#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

constexpr std::size_t kBlockBytes = 64 << 10;
constexpr std::size_t kStepBytes = 1 << 20;
// Beyond twice a small limit.
constexpr std::uint64_t kSomeMore = 16;

// The word `number` of a file of words; "unknown" if there is none.
std::string WordOf(const std::string& path, int number = 0) {
  std::ifstream file(path);
  std::string word;
  for (int i = 0; i <= number; ++i) {
    if (!(file >> word)) return "unknown";
  }
  return word;
}

bool IsCgroupV2(const std::string& root) {
  return ::access((root + "/cgroup.controllers").c_str(), F_OK) == 0;
}

void ProbeCpu(const std::string& root) {
  const bool v2 = IsCgroupV2(root);
  Fact("cpu")
      .Add("quota_us", v2 ? WordOf(root + "/cpu.max")
                          : WordOf(root + "/cpu/cpu.cfs_quota_us"))
      .Add("period_us", v2 ? WordOf(root + "/cpu.max", 1)
                           : WordOf(root + "/cpu/cpu.cfs_period_us"))
      .Tell();
}

// A folder, and how it is called.
struct Folder {
  const char* name;
  const std::string& path;
};

// How much could be written, and what stopped it.
struct Attempt {
  std::uint64_t amount = 0;
  int error = 0;
};

Attempt FillDisk(const std::string& folder, std::uint64_t most) {
  Attempt attempt;
  const std::string path = folder + "/.airlock-probe";
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  if (!file.valid()) return {.error = errno};
  // Nothing of it can be left.
  ::unlink(path.c_str());
  const std::vector<char> block(kBlockBytes, 'x');
  while (attempt.amount < most) {
    const ssize_t count = ::write(file.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {attempt.amount, errno};
    attempt.amount += static_cast<std::uint64_t>(count);
  }
  return attempt;
}

void ProbeDisk(const ProbeOptions& options) {
  const std::array folders = {Folder{"workspace", options.workspace},
                              Folder{"tmp", options.tmp},
                              Folder{"shm", options.shm}};
  Fact fact("disk");
  for (const auto& [name, folder] : folders) {
    const Attempt attempt = FillDisk(folder, 2 * options.disk_bytes);
    fact.Add(name, attempt.amount);
    fact.AddError(std::string(name) + "_error", attempt.error);
  }
  fact.Tell();
}

// Files without names would need a descriptor each: so they have names, in a
// folder that is emptied again.
Attempt FillInodes(const std::string& parent, std::uint64_t most) {
  Attempt attempt;
  const std::string folder = parent + "/.airlock-probe";
  if (::mkdir(folder.c_str(), 0700) != 0) return {.error = errno};
  // The folder is one of them.
  attempt.amount = 1;
  const auto path = [&folder](std::uint64_t number) {
    return folder + "/" + std::to_string(number);
  };
  while (attempt.amount < most && attempt.error == 0) {
    const UniqueFd file(
        ::open(path(attempt.amount).c_str(), O_WRONLY | O_CREAT, 0600));
    if (file.valid()) {
      ++attempt.amount;
    } else {
      attempt.error = errno;
    }
  }
  for (std::uint64_t i = 1; i < attempt.amount; ++i) ::unlink(path(i).c_str());
  ::rmdir(folder.c_str());
  return attempt;
}

void ProbeInodes(const ProbeOptions& options) {
  const std::array folders = {Folder{"workspace", options.workspace},
                              Folder{"tmp", options.tmp}};
  Fact fact("inodes");
  for (const auto& [name, folder] : folders) {
    const Attempt attempt = FillInodes(folder, 2 * options.inodes + kSomeMore);
    fact.Add(name, attempt.amount);
    fact.AddError(std::string(name) + "_error", attempt.error);
  }
  fact.Tell();
}

void Reap(pid_t child, int* status) {
  while (::waitpid(child, status, 0) < 0 && errno == EINTR) continue;
}

void ProbePids(const ProbeOptions& options) {
  std::vector<pid_t> children;
  int error = 0;
  while (children.size() < 2 * options.pids + kSomeMore) {
    const pid_t child = ::fork();
    if (child < 0) {
      error = errno;
      break;
    }
    if (child == 0) {
      while (true) ::pause();
    }
    children.push_back(child);
  }
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) Reap(child, nullptr);
  const std::string& root = options.cgroup;
  Fact("pids")
      .Add("created", children.size())
      .AddError("error", error)
      .Add("max",
           WordOf(root + (IsCgroupV2(root) ? "/pids.max" : "/pids/pids.max")))
      .Tell();
}

// In a child: touches memory step by step until it is killed or has enough.
[[noreturn]] void UseMemory(std::uint64_t most,
                            std::atomic<std::uint64_t>& used) {
  while (used < most) {
    void* const step = ::mmap(nullptr, kStepBytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (step == MAP_FAILED) ::_exit(1);
    std::memset(step, 'x', kStepBytes);
    used += kStepBytes;
  }
  ::_exit(0);
}

void ProbeMemory(const ProbeOptions& options) {
  const std::string& root = options.cgroup;
  const bool v2 = IsCgroupV2(root);
  Fact fact("memory");
  fact.Add("limit", WordOf(root + (v2 ? "/memory.max"
                                      : "/memory/memory.limit_in_bytes")));
  // With version 1 it is memory and swap together.
  fact.Add(v2 ? "swap" : "limit_with_swap",
           WordOf(root + (v2 ? "/memory.swap.max"
                             : "/memory/memory.memsw.limit_in_bytes")));
  void* const shared =
      ::mmap(nullptr, sizeof(std::atomic<std::uint64_t>),
             PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return fact.AddError("error", errno).Tell();
  auto& used = *new (shared) std::atomic<std::uint64_t>(0);
  const pid_t child = ::fork();
  if (child < 0) return fact.AddError("error", errno).Tell();
  if (child == 0) UseMemory(2 * options.memory_bytes, used);
  int status = 0;
  Reap(child, &status);
  fact.Add("used", used.load());
  fact.Add("signal",
           std::uint64_t{WIFSIGNALED(status)
                             ? static_cast<std::uint64_t>(WTERMSIG(status))
                             : 0});
  fact.Tell();
}

}  // namespace

void ProbeLimits(const ProbeOptions& options) {
  ProbeCpu(options.cgroup);
  ProbeDisk(options);
  ProbeInodes(options);
  ProbePids(options);
  // Last: if the wrong one is killed, the rest is told already.
  ProbeMemory(options);
}

}  // namespace airlock::runner
