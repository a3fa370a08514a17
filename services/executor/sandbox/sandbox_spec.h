// What a sandbox may use, and what runs in it, as checked values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace airlock::executor {

// Where the workspace is, inside every sandbox.
inline constexpr const char* kWorkspace = "/workspace";

// The runner, inside every sandbox.
inline constexpr const char* kRunnerProgram = "/airlock/airlock-runner";

// A host directory inside the sandbox.
struct SandboxMount {
  std::string source;
  std::string target;
  bool writable = false;

  friend bool operator==(const SandboxMount&, const SandboxMount&) = default;
};

// What a sandbox may use. Every limit is set: 0 is refused by backends.
struct SandboxSpec {
  std::string image;
  // When not empty, a sandbox of any other image is refused.
  std::string image_id;
  std::string pull_policy = "missing";
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;
  std::uint32_t pids = 0;
  std::uint64_t workspace_bytes = 0;
  std::uint64_t tmp_bytes = 0;
  std::uint64_t inodes = 0;
  std::string network_mode = "none";
  // Numeric "uid:gid", never root.
  std::string user;
  // Empty: the engine's default.
  std::string runtime;
  std::vector<SandboxMount> mounts;
  // Whether `parallel` processes are to run in it: then it has room for what
  // the runner needs for each, beyond `pids`.
  bool parallel = false;

  friend bool operator==(const SandboxSpec&, const SandboxSpec&) = default;
};

// Whether both are one thing, whatever image their reference means now and
// however it is pulled.
inline bool IsSameKind(SandboxSpec a, SandboxSpec b) {
  a.image_id = b.image_id = "";
  a.pull_policy = b.pull_policy = "";
  return a == b;
}

// A file that is there when the process starts.
struct ProcessFile {
  // Relative to the workspace or below /workspace; checked by the runner.
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
};

// What runs in a sandbox.
struct ProcessSpec {
  std::vector<std::string> argv;
  // The whole environment, as NAME=value.
  std::vector<std::string> env;
  // Empty: the workspace.
  std::string cwd;
  std::vector<ProcessFile> files;
  // Standard input, which then ends unless more may come.
  std::string stdin_data;
  // Input goes on with SandboxProcess::AddInput().
  bool accepts_later_input = false;
  // Others like it may run beside it. Programs it leaves in the background when
  // it ends by itself live on; without this nothing is left of it.
  bool parallel = false;
  absl::Duration timeout;
  absl::Duration kill_grace = absl::Seconds(1);
  // Standard output and error together. 0: no limit.
  std::uint64_t output_limit_bytes = 0;
  // Output that may come before the first AllowOutput().
  std::uint64_t output_credit_bytes = 256 << 10;
};

}  // namespace airlock::executor
