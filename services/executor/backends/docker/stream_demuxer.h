// Takes the engine's attach stream apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::executor {

// Each frame is {stream, 0, 0, 0, length as 4 bytes, big-endian} and `length`
// bytes. Payloads are passed on in pieces as they come and never kept, so the
// memory is bounded by the header. Not thread-safe.
class StreamDemuxer {
 public:
  // Which of the container's streams a piece comes from.
  enum class Source { kStdout = 1, kStderr = 2 };
  using Sink = std::function<void(Source source, absl::string_view piece)>;

  // The next bytes. kInvalidArgument: this is not an attach stream; every
  // later call says the same.
  absl::Status Add(absl::string_view data, const Sink& sink);

  // Whether the last frame is complete.
  bool at_boundary() const { return header_size_ == 0 && payload_left_ == 0; }

 private:
  static constexpr std::size_t kHeaderBytes = 8;

  absl::Status ReadHeader();

  std::array<unsigned char, kHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  Source source_ = Source::kStdout;
  std::uint32_t payload_left_ = 0;
  absl::Status broken_;
};

}  // namespace airlock::executor
