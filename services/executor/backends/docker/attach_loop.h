// The thread that serves every attach stream of a process.
#pragma once

#include <memory>
#include <thread>

#include "common/http/upgraded_connection.h"
#include "services/executor/sandbox/byte_stream.h"

namespace airlock::executor {

class AttachLoopCore;

// Always reads what an engine sends, whoever listens: a stream that nobody
// drains makes the engine hold its container's lock. Thread-safe. Destruction
// ends the streams that are left with kCancelled; it must not happen on the
// loop's own thread.
class AttachLoop {
 public:
  AttachLoop();
  ~AttachLoop();
  AttachLoop(const AttachLoop&) = delete;
  AttachLoop& operator=(const AttachLoop&) = delete;

  // A stream over an attach connection. It may outlive the loop.
  std::unique_ptr<ByteStream> Adopt(
      std::unique_ptr<UpgradedConnection> connection);

 private:
  const std::shared_ptr<AttachLoopCore> core_;
  std::thread thread_;
};

}  // namespace airlock::executor
