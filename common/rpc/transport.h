// How every connection is driven, whichever end opened it.
#pragma once

#include <grpc/grpc.h>

namespace airlock {

// What one stream may have under way on one connection. It is fixed: windows
// that adapt themselves grow to many megabytes for a reader that is slow, and
// one reader after another would be a service's memory.
inline constexpr int kStreamWindowBytes = 1 << 20;

// What goes out at once of a large message.
inline constexpr int kFrameBytes = 256 << 10;

// Calls `set(name, value)` for each setting.
template <typename Set>
void SetTransport(Set set) {
  set(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  set(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  set(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytes);
  set(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Pings are never held back for lack of data frames.
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
}

}  // namespace airlock
