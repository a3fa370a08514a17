#include "services/runner/cgroup_counters.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "services/runner/unique_fd.h"

namespace airlock::runner {
namespace {

using Counter = std::optional<std::uint64_t>;

// Empty when there is no such file. These files are short.
std::string ReadText(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count <= 0) return {};
  return std::string(buffer.data(), static_cast<std::size_t>(count));
}

Counter ParseNumber(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

CgroupCounters ReadV1(const std::string& root) {
  CgroupCounters counters;
  counters.cpu_time_us = ParseNumber(ReadText(root + "/cpuacct/cpuacct.usage"));
  if (counters.cpu_time_us) *counters.cpu_time_us /= 1000;  // nanoseconds
  counters.peak_memory_bytes =
      ParseNumber(ReadText(root + "/memory/memory.max_usage_in_bytes"));
  counters.oom_kills =
      FindCounter(ReadText(root + "/memory/memory.oom_control"), "oom_kill");
  counters.pids_refusals =
      FindCounter(ReadText(root + "/pids/pids.events"), "max");
  counters.throttled_periods =
      FindCounter(ReadText(root + "/cpu/cpu.stat"), "nr_throttled");
  return counters;
}

CgroupCounters ReadV2(const std::string& root) {
  CgroupCounters counters;
  const std::string cpu = ReadText(root + "/cpu.stat");
  counters.cpu_time_us = FindCounter(cpu, "usage_usec");
  counters.throttled_periods = FindCounter(cpu, "nr_throttled");
  counters.peak_memory_bytes = ParseNumber(ReadText(root + "/memory.peak"));
  counters.oom_kills =
      FindCounter(ReadText(root + "/memory.events"), "oom_kill");
  counters.pids_refusals = FindCounter(ReadText(root + "/pids.events"), "max");
  return counters;
}

}  // namespace

CgroupCounters ReadCgroupCounters(const std::string& root) {
  const bool v2 = ::access((root + "/cgroup.controllers").c_str(), F_OK) == 0;
  return v2 ? ReadV2(root) : ReadV1(root);
}

Counter FindCounter(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() > key.size() && line.substr(0, key.size()) == key &&
        line[key.size()] == ' ') {
      return ParseNumber(line.substr(key.size() + 1));
    }
  }
  return std::nullopt;
}

bool Rose(const Counter& before, const Counter& after) {
  return before && after && *after > *before;
}

}  // namespace airlock::runner
