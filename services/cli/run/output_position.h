// How far the output of an execution has been received.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::cli {

// What a chunk adds.
struct FreshOutput {
  airlock::v1::OutputStream stream = airlock::v1::OUTPUT_STREAM_UNSPECIFIED;
  // Bytes that were written before `data` and will never come.
  std::uint64_t lost_bytes = 0;
  // Bytes not received before; points into the chunk.
  absl::string_view data;
};

// Knows both streams' positions, so that nothing is shown twice after the
// output was asked for again. Not thread-safe.
class OutputPosition {
 public:
  // Takes a chunk and says what is new in it.
  FreshOutput Accept(const airlock::v1::OutputChunk& chunk);

  // The next byte wanted of each stream.
  std::uint64_t stdout_offset() const { return stdout_offset_; }
  std::uint64_t stderr_offset() const { return stderr_offset_; }

 private:
  std::uint64_t stdout_offset_ = 0;
  std::uint64_t stderr_offset_ = 0;
};

}  // namespace airlock::cli
