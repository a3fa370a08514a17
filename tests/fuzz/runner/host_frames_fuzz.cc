// Both ends of host.proto must take any bytes. What the host's decoder accepts,
// protobuf accepts; and whatever a host says, the executor keeps to what it
// asked for.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "airlock/runner/v1/host.pb.h"
#include "common/time/clock.h"
#include "services/executor/backends/ssh/host_talk.h"
#include "services/runner/host/host_wire.h"

namespace {

using airlock::executor::HostTalk;

void DecodeAsHost(std::string_view bytes) {
  airlock::runner::ToHost message;
  std::string error;
  const bool ok = airlock::runner::DecodeToHost(bytes, message, error);
  if (ok != error.empty()) std::abort();
  // Strings of the library must be UTF-8; ours may hold any bytes.
  if (!ok || std::holds_alternative<airlock::runner::Hello>(message)) return;
  airlock::runner::v1::ToHost read;
  if (!read.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      read.frame_case() != static_cast<airlock::runner::v1::ToHost::FrameCase>(
                               message.index())) {
    std::abort();
  }
}

void HearAsExecutor(absl::string_view bytes) {
  const airlock::SystemClock clock;
  const auto talk = std::make_shared<HostTalk>(
      "boot", [] {}, clock);
  const auto cell = talk->Open({});
  talk->SendData(cell, "data");
  talk->Begin();
  while (!bytes.empty()) {
    // In pieces, with what is written between.
    const absl::string_view piece = bytes.substr(0, 16);
    if (!talk->Receive(piece).ok()) break;
    while (!talk->NextToWrite().empty()) {
    }
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto* text = reinterpret_cast<const char*>(data);
  DecodeAsHost({text, size});
  HearAsExecutor({text, size});
  return 0;
}
