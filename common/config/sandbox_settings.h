// The `sandbox` section, checked: where actions run and within what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/language_settings.h"
#include "common/config/mount_settings.h"
#include "common/config/section_reader.h"
#include "common/config/ssh_settings.h"

namespace airlock {

// The least that leaves room for an interpreter, and for the runner beside it.
inline constexpr std::uint64_t kMinMemoryBytes = std::uint64_t{16} << 20;
inline constexpr std::uint32_t kMinCpuMillis = 10;
inline constexpr std::uint32_t kMinPids = 4;

// Sandboxes that wait, started.
struct WarmPoolSettings {
  std::size_t size = 0;
  absl::Duration max_age;
  // How many are made at once.
  std::size_t refill = 1;
};

// How long sessions are kept, and how many.
struct SessionSettings {
  absl::Duration idle_timeout;
  absl::Duration max_age;
  std::size_t max_per_agent = 0;
};

// Where actions run and within what. Every limit is set.
struct SandboxSettings {
  bool enabled = true;
  // "docker" or "ssh".
  std::string backend;
  // Of backend "docker". Empty with "ssh".
  std::string image;
  // The longest time an execution may take.
  absl::Duration timeout;
  // The same for ssh_exec, which runs on backend "ssh" whatever `backend` is.
  absl::Duration ssh_timeout;
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;
  std::uint32_t pids = 0;
  // Size of /workspace: three quarters of `diskLimit`.
  std::uint64_t workspace_bytes = 0;
  // Size of /tmp: the rest of it.
  std::uint64_t tmp_bytes = 0;
  // Files and directories in each of the two.
  std::uint64_t inodes = 0;
  // Standard output and error together.
  std::uint64_t output_bytes = 0;
  // "none" or "bridge".
  std::string network_mode;
  // How long an execution may wait for an executor.
  absl::Duration queue_timeout;
  // Numeric "uid:gid", never root.
  std::string user;
  // Empty: the engine's default.
  std::string runtime;
  // "always", "missing" or "never". Empty with backend "ssh".
  std::string pull_policy;
  std::vector<MountSettings> mounts;
  // By name, such as "python".
  std::map<std::string, LanguageSettings> languages;
  // Present exactly when `backend` is "ssh".
  std::optional<SshSettings> ssh;
  WarmPoolSettings warm_pool;
  SessionSettings sessions;

  // Where it stands, for explanations.
  std::string enabled_path;
};

// What of the settings holds on backend "ssh": the same limits, its own
// timeout, and nothing that only an engine has.
SandboxSettings OnSsh(SandboxSettings settings);

// Gives `disk_bytes` to the two: a quarter to /tmp, the rest to /workspace.
void SplitDisk(std::uint64_t disk_bytes, SandboxSettings& settings);

// Checks the section; `reader` reads `sandbox`.
SandboxSettings ReadSandboxSettings(const config::v1::Sandbox& sandbox,
                                    SectionReader& reader,
                                    ProblemList& problems);

}  // namespace airlock
