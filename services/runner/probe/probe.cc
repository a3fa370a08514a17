#include "services/runner/probe/probe.h"

#include <charconv>
#include <iostream>
#include <string_view>
#include <utility>

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

bool ReadOption(std::string_view name, std::string_view value,
                ProbeOptions& options) {
  const std::pair<std::string_view, std::uint64_t*> numbers[] = {
      {"--memory", &options.memory_bytes},
      {"--pids", &options.pids},
      {"--disk", &options.disk_bytes},
      {"--inodes", &options.inodes}};
  for (const auto& [option, number] : numbers) {
    if (option == name) return ReadNumber(value, *number);
  }
  const std::pair<std::string_view, std::string*> folders[] = {
      {"--workspace", &options.workspace},
      {"--tmp", &options.tmp},
      {"--shm", &options.shm},
      {"--cgroup", &options.cgroup}};
  for (const auto& [option, folder] : folders) {
    if (option != name) continue;
    *folder = value;
    return true;
  }
  return false;
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
