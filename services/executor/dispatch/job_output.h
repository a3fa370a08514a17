// What a process wrote, until the policy holds it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Output that needs no credit.
inline constexpr std::uint64_t kInitialOutputCredit = std::uint64_t{512} << 10U;
// Unacknowledged output that is kept at most; a process that writes more waits.
inline constexpr std::uint64_t kKeptOutputBytes = std::uint64_t{1} << 20U;
// The longest chunk.
inline constexpr std::size_t kOutputChunkBytes = std::size_t{64} << 10U;

// Both streams of one process: keeps what is not acknowledged, hands it out in
// chunks within the policy's credit, and again from an offset. Not
// thread-safe.
class JobOutput {
 public:
  // The process wrote `data`.
  void Append(Stream stream, absl::string_view data);

  // The policy allows `limit_bytes` since the start and holds what is before
  // the two offsets. A lower number than before changes nothing; an offset
  // behind the end is read as the end.
  void Allow(std::uint64_t limit_bytes, std::uint64_t stdout_acknowledged,
             std::uint64_t stderr_acknowledged);

  // The process has ended: what is left needs no more credit. It is bounded by
  // what its pipes held.
  void LiftCredit();

  // Hands out again from these offsets, or from the first kept byte.
  void Rewind(std::uint64_t stdout_offset, std::uint64_t stderr_offset);
  // Hands out again what is not acknowledged.
  void RewindToKept();

  // The next chunk; nothing when all was handed out or the credit is used up.
  std::optional<airlock::v1::OutputChunk> TakeChunk();

  // Bytes since the start the sandbox may write.
  std::uint64_t sandbox_limit() const;
  // Whether everything written was handed out.
  bool drained() const;
  // Whether the policy holds everything written.
  bool acknowledged() const;
  // The first byte of a stream that is kept.
  std::uint64_t kept_from(Stream stream) const;
  // Bytes written to a stream since the start.
  std::uint64_t written(Stream stream) const;

 private:
  struct Kept {
    // Gives up its beginning without moving the rest.
    absl::Cord bytes;
    // Offset of the first byte of it.
    std::uint64_t begin = 0;
    // Next offset to hand out.
    std::uint64_t next = 0;
    // End of what was ever handed out.
    std::uint64_t handed_out = 0;

    std::uint64_t end() const { return begin + bytes.size(); }
  };

  std::optional<airlock::v1::OutputChunk> TakeChunk(std::size_t stream);

  std::array<Kept, 2> streams_;
  std::uint64_t limit_ = kInitialOutputCredit;
};

}  // namespace airlock::executor
