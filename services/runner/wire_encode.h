// From what the runner says to a frame, ready to be written.
#pragma once

#include <string>

#include "services/runner/messages.h"

namespace airlock::runner {

// Each returns the length prefix and a FromRunner message in protobuf's wire
// format.
std::string EncodeFrame(const Ready& message);
std::string EncodeFrame(const Started& message);
std::string EncodeFrame(const OutputChunk& message);
std::string EncodeFrame(const StdinCredit& message);
std::string EncodeFrame(const Ended& message);
std::string EncodeFrame(const Pong& message);
std::string EncodeFrame(const ProtocolError& message);

}  // namespace airlock::runner
