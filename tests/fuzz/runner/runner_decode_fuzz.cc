// The runner's decoder must take any bytes, and agree with the library: what
// it accepts, protobuf accepts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "airlock/runner/v1/runner.pb.h"
#include "services/runner/frame_io.h"
#include "services/runner/wire_decode.h"

namespace {

using airlock::runner::FrameReader;
using airlock::runner::ToRunner;

// Strings of the library must be UTF-8; ours may hold any bytes.
bool MayHoldText(const ToRunner& message) {
  return std::holds_alternative<airlock::runner::Prepare>(message) ||
         std::holds_alternative<airlock::runner::FileChunk>(message);
}

bool Check(std::string_view bytes) {
  ToRunner message;
  std::string error;
  const bool ok = airlock::runner::DecodeToRunner(bytes, message, error);
  if (ok != error.empty()) std::abort();
  if (!ok || MayHoldText(message)) return true;
  airlock::runner::v1::ToRunner reference;
  if (!reference.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      reference.frame_case() !=
          static_cast<airlock::runner::v1::ToRunner::FrameCase>(
              message.index())) {
    std::abort();
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  // The same bytes as a stream of frames, in two pieces.
  FrameReader reader;
  if (reader.Feed(bytes.substr(0, size / 2), Check)) {
    reader.Feed(bytes.substr(size / 2), Check);
  }
  return 0;
}
