// Frames of airlock.runner.v1: a 4-byte big-endian length and a message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/runner/v1/runner.pb.h"

namespace airlock::executor {

// The longest message of a frame.
inline constexpr std::size_t kMaxFrameBytes = 1 << 20;

// A message as a frame. kInvalidArgument: longer than kMaxFrameBytes.
absl::Status AppendFrame(const runner::v1::ToRunner& message, std::string& out);

// Cuts what a runner sends into messages. Holds at most one frame, and makes
// no room for a length it has not checked. Not thread-safe.
class FrameDecoder {
 public:
  using Handler =
      absl::FunctionRef<absl::Status(const runner::v1::FromRunner& message)>;

  // Takes the next bytes; calls `handler` with each complete message, until
  // it returns an error, which is passed on. kDataLoss: a frame is too long
  // or malformed. After an error the stream cannot be read any further.
  absl::Status Feed(absl::string_view bytes, Handler handler);

  // Bytes held of a frame that is not complete.
  std::size_t buffered_bytes() const { return body_.size(); }

 private:
  absl::Status Deliver(absl::string_view body, Handler handler);

  std::uint32_t size_ = 0;
  std::size_t header_bytes_ = 0;
  std::string body_;
  runner::v1::FromRunner message_;
};

}  // namespace airlock::executor
