// What the sandbox has used so far, as the kernel counts it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airlock::runner {

// A reading. What the kernel does not tell is empty.
struct CgroupCounters {
  // Processor time, in microseconds.
  std::optional<std::uint64_t> cpu_time_us;
  // The most memory ever held, in bytes.
  std::optional<std::uint64_t> peak_memory_bytes;
  // Processes the kernel killed for memory.
  std::optional<std::uint64_t> oom_kills;
  // How often a fork was refused.
  std::optional<std::uint64_t> pids_refusals;
  // How often the processor was withheld.
  std::optional<std::uint64_t> throttled_periods;
};

// Reads the counters below `root` ("/sys/fs/cgroup"), of either version.
CgroupCounters ReadCgroupCounters(const std::string& root);

// The number behind `key` in lines of "key number". Empty: not there.
std::optional<std::uint64_t> FindCounter(std::string_view text,
                                         std::string_view key);

// Whether a counter rose between two readings.
bool Rose(const std::optional<std::uint64_t>& before,
          const std::optional<std::uint64_t>& after);

}  // namespace airlock::runner
