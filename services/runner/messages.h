// The messages of airlock.runner.v1 as plain structs; the proto file says what
// each field means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace airlock::runner {

// The protocol this program speaks.
inline constexpr std::uint32_t kProtocolVersion = 1;

struct Configure {
  std::uint32_t protocol_version = 0;
  std::uint32_t silence_timeout_ms = 0;
};

struct Prepare {
  std::uint64_t process = 0;
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::string cwd;
  std::uint64_t timeout_ms = 0;
  std::uint32_t kill_grace_ms = 0;
  std::uint64_t output_limit_bytes = 0;
  std::uint64_t output_credit_bytes = 0;
  bool parallel = false;
};

struct FileChunk {
  std::uint64_t process = 0;
  std::string path;
  std::uint32_t mode = 0;
  std::string data;
  bool first = false;
};

struct Start {
  std::uint64_t process = 0;
};

struct StdinChunk {
  std::uint64_t process = 0;
  std::string data;
  bool end = false;
};

struct OutputCredit {
  std::uint64_t process = 0;
  std::uint64_t limit_bytes = 0;
};

struct Kill {
  std::uint64_t process = 0;
};

struct Ping {
  std::uint64_t sequence = 0;
};

// What the executor says. Empty: nothing was decoded yet.
using ToRunner = std::variant<std::monostate, Configure, Prepare, FileChunk,
                              Start, StdinChunk, OutputCredit, Kill, Ping>;

struct Ready {
  std::uint32_t protocol_version = kProtocolVersion;
  bool is_init = false;
};

struct Started {
  std::uint64_t process = 0;
};

struct OutputChunk {
  std::uint64_t process = 0;
  // 1 standard output, 2 standard error.
  std::uint32_t stream = 0;
  // Not owned.
  std::string_view data;
};

struct StdinCredit {
  std::uint64_t process = 0;
  std::uint64_t limit_bytes = 0;
};

// Numbers as in airlock.runner.v1.Ended.Cause.
enum class Cause : std::uint32_t {
  kUnspecified = 0,
  kExited = 1,
  kSignaled = 2,
  kTimedOut = 3,
  kOutputLimit = 4,
  kKilled = 5,
  kOutOfMemory = 6,
  kNotStarted = 7,
};

struct Ended {
  std::uint64_t process = 0;
  Cause cause = Cause::kUnspecified;
  std::uint32_t exit_code = 0;
  std::uint32_t signal = 0;
  std::string reason;
  std::string message;
  std::uint64_t cpu_time_us = 0;
  std::uint64_t peak_memory_bytes = 0;
  std::uint64_t wall_time_us = 0;
  std::uint32_t leftover_processes = 0;
  bool empty = false;
  bool hit_pids = false;
  bool hit_disk = false;
  bool hit_memory = false;
  bool hit_cpu = false;
};

struct Pong {
  std::uint64_t sequence = 0;
};

struct ProtocolError {
  std::string message;
};

}  // namespace airlock::runner
