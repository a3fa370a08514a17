// Frames of host.proto.
#pragma once

#include <string>
#include <string_view>

#include "services/runner/host/host_messages.h"

namespace airlock::runner {

// As DecodeToRunner(). The views of `out` are into `bytes`.
bool DecodeToHost(std::string_view bytes, ToHost& out, std::string& error);

// Each returns the length prefix and a FromHost message.
std::string EncodeFrame(const Welcome& message);
std::string EncodeFrame(const Ack& message);
std::string EncodeFrame(const Refused& message);
std::string EncodeFrame(const CellData& message);
std::string EncodeFrame(const CellComplaint& message);
std::string EncodeFrame(const CellEnded& message);

}  // namespace airlock::runner
