// The way to one connected executor.
#pragma once

#include "absl/status/status.h"
#include "airlock/internal/v1/executor_link.pb.h"

namespace airlock::policy {

// Thread-safe; nothing blocks. After Close() nothing is sent any more.
class ExecutorChannel {
 public:
  virtual ~ExecutorChannel() = default;

  // Sends messages in the order of the calls.
  virtual void Send(airlock::internal::v1::ConnectResponse message) = 0;

  // Ends the stream with this status.
  virtual void Close(const absl::Status& status) = 0;
};

}  // namespace airlock::policy
