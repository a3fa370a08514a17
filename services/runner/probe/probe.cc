#include "services/runner/probe/probe.h"

#include <charconv>
#include <iostream>
#include <string_view>

namespace airlock::runner {
namespace {

constexpr int kUsageError = 2;

constexpr std::string_view kUsage =
    "Usage: airlock-runner probe --memory BYTES --pids N --disk BYTES\n"
    "                            --inodes N [--workspace DIR] [--tmp DIR]\n"
    "                            [--shm DIR] [--cgroup DIR]\n"
    "\n"
    "Tries whether this sandbox keeps its limits, each to about twice what is\n"
    "told, and prints what it found.\n";

bool ReadNumber(std::string_view text, std::uint64_t& number) {
  // More than twice of it must be a number as well.
  constexpr std::uint64_t kMost = std::uint64_t{1} << 50;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number > 0 && number <= kMost;
}

// Where the number behind an option goes; nullptr if it has none.
std::uint64_t* NumberOf(std::string_view option, ProbeOptions& options) {
  if (option == "--memory") return &options.memory_bytes;
  if (option == "--pids") return &options.pids;
  if (option == "--disk") return &options.disk_bytes;
  if (option == "--inodes") return &options.inodes;
  return nullptr;
}

std::string* FolderOf(std::string_view option, ProbeOptions& options) {
  if (option == "--workspace") return &options.workspace;
  if (option == "--tmp") return &options.tmp;
  if (option == "--shm") return &options.shm;
  if (option == "--cgroup") return &options.cgroup;
  return nullptr;
}

bool ReadOption(std::string_view option, std::string_view value,
                ProbeOptions& options) {
  if (std::uint64_t* const number = NumberOf(option, options)) {
    return ReadNumber(value, *number);
  }
  std::string* const folder = FolderOf(option, options);
  if (folder != nullptr) *folder = value;
  return folder != nullptr;
}

bool ReadOptions(int argc, char** argv, ProbeOptions& options) {
  for (int i = 0; i < argc; i += 2) {
    if (i + 1 >= argc || !ReadOption(argv[i], argv[i + 1], options)) {
      std::cerr << "airlock-runner probe: unknown, incomplete or wrong option "
                << "\"" << argv[i] << "\"\n"
                << kUsage;
      return false;
    }
  }
  if (options.memory_bytes > 0 && options.pids > 0 && options.disk_bytes > 0 &&
      options.inodes > 0) {
    return true;
  }
  std::cerr << "airlock-runner probe: all four limits must be told\n" << kUsage;
  return false;
}

}  // namespace

int ProbeMain(int argc, char** argv) {
  ProbeOptions options;
  if (!ReadOptions(argc, argv, options)) return kUsageError;
  ProbeConfinement();
  ProbeLimits(options);
  return 0;
}

}  // namespace airlock::runner
