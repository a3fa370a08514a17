// The executor's frame decoder must take any bytes, hold at most a frame, and
// cut the same messages however the bytes come.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "services/executor/sandbox/frame_codec.h"
#include "services/executor/sandbox/process_end.h"

namespace {

using airlock::executor::FrameDecoder;
using airlock::runner::v1::FromRunner;

std::vector<std::string> Cut(absl::string_view bytes, std::size_t piece) {
  FrameDecoder decoder;
  std::vector<std::string> messages;
  while (!bytes.empty()) {
    const absl::Status status = decoder.Feed(
        bytes.substr(0, piece), [&messages](const FromRunner& message) {
          messages.push_back(message.SerializeAsString());
          for (const bool started : {false, true}) {
            airlock::executor::ProcessEndFromFrame(message.ended(),
                                                   {started, true})
                .IgnoreError();
          }
          return absl::OkStatus();
        });
    if (!status.ok()) break;
    if (decoder.buffered_bytes() > airlock::executor::kMaxFrameBytes) {
      std::abort();
    }
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (Cut(bytes, 1) != Cut(bytes, 7) || Cut(bytes, 7) != Cut(bytes, size + 1)) {
    std::abort();
  }
  return 0;
}
