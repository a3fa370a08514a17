// Standard input that comes while a process runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// A piece of input for the process.
struct InputPiece {
  std::string data;
  // Whether the input ends after it.
  bool end = false;
};

// How far the later input of one process has come: takes each byte once, within
// what the process has room for. Not thread-safe.
class JobInput {
 public:
  // The process takes later input; before this it takes none.
  void Accept() { accepts_ = true; }
  bool accepts() const { return accepts_; }

  // The process has room for `limit_bytes` since its start. A lower number than
  // before changes nothing.
  void Allow(std::uint64_t limit_bytes);

  // What of `input` is new. Nothing: it came before, leaves a gap, or comes
  // after the end. kResourceExhausted: there is no room for it.
  absl::StatusOr<std::optional<InputPiece>> Take(
      const internal::v1::Input& input);

  // What may come, and what came, in bytes since the start.
  std::uint64_t limit() const { return limit_; }
  std::uint64_t received() const { return received_; }

 private:
  bool accepts_ = false;
  std::uint64_t limit_ = SandboxProcess::kFirstInputCredit;
  std::uint64_t received_ = 0;
  bool ended_ = false;
};

}  // namespace airlock::executor
