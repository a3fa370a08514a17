// Frames of airlock.runner.v1: a 4-byte big-endian length and a message. A
// runner and a host speak in such frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/runner/v1/runner.pb.h"
#include "google/protobuf/message_lite.h"

namespace airlock::executor {

// The longest message of a frame.
inline constexpr std::size_t kMaxFrameBytes = 1 << 20;

// A ToRunner or ToHost message as a frame. kInvalidArgument: longer than
// kMaxFrameBytes.
absl::Status AppendFrame(const google::protobuf::MessageLite& message,
                         std::string& out);

// Cuts a stream into the bodies of its frames. Holds at most one frame, and
// makes no room for a length it has not checked. Not thread-safe.
class FrameCutter {
 public:
  using Handler = absl::FunctionRef<absl::Status(absl::string_view body)>;

  // Takes the next bytes; calls `handler` with the body of each complete frame,
  // until it returns an error, which is passed on. kDataLoss: a frame is too
  // long. After an error the stream cannot be read any further.
  absl::Status Feed(absl::string_view bytes, Handler handler);

  // Bytes held of a frame that is not complete.
  std::size_t buffered_bytes() const { return body_.size(); }

 private:
  std::uint32_t size_ = 0;
  std::size_t header_bytes_ = 0;
  std::string body_;
};

// The same, into FromRunner or FromHost messages.
template <typename Message>
class MessageDecoder {
 public:
  using Handler = absl::FunctionRef<absl::Status(const Message& message)>;

  // As FrameCutter::Feed(). kDataLoss: a frame is too long or malformed.
  absl::Status Feed(absl::string_view bytes, Handler handler) {
    return cutter_.Feed(bytes, [&](absl::string_view body) {
      message_.Clear();
      if (!message_.ParseFromArray(body.data(),
                                   static_cast<int>(body.size()))) {
        return absl::DataLossError("a frame is malformed");
      }
      return handler(message_);
    });
  }

  std::size_t buffered_bytes() const { return cutter_.buffered_bytes(); }

 private:
  FrameCutter cutter_;
  Message message_;
};

using FrameDecoder = MessageDecoder<runner::v1::FromRunner>;

}  // namespace airlock::executor
