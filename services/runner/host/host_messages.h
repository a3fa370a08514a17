// The messages of airlock.runner.v1's host.proto as plain structs; the proto
// file says what each field means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace airlock::runner {

// The protocol between executor and host that this program speaks.
inline constexpr std::uint32_t kHostProtocolVersion = 1;

struct Hello {
  std::uint32_t protocol_version = 0;
  std::string boot;
  std::string host;
  std::uint64_t received = 0;
};

struct Ack {
  std::uint64_t received = 0;
};

struct OpenCell {
  std::uint64_t cell = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t cpu_millis = 0;
  std::uint32_t pids = 0;
  std::uint64_t workspace_bytes = 0;
  std::uint64_t tmp_bytes = 0;
  std::uint64_t inodes = 0;
  bool network = false;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool best_effort = false;
};

struct CellData {
  std::uint64_t cell = 0;
  // Not owned.
  std::string_view data;
};

struct CloseCell {
  std::uint64_t cell = 0;
};

struct Leave {};

// What the executor says. Empty: nothing was decoded yet.
using ToHost = std::variant<std::monostate, Hello, Ack, OpenCell, CellData,
                            CloseCell, Leave>;

struct Welcome {
  std::uint32_t protocol_version = kHostProtocolVersion;
  std::string host;
  std::uint64_t received = 0;
  std::vector<std::string> not_enforced;
};

struct Refused {
  std::string reason;
  std::string message;
  std::uint32_t removed_cells = 0;
};

struct CellComplaint {
  std::uint64_t cell = 0;
  // Not owned.
  std::string_view text;
};

struct CellEnded {
  std::uint64_t cell = 0;
  std::string reason;
  std::string message;
  bool out_of_memory = false;
};

}  // namespace airlock::runner
