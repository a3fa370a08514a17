// An execution's events as they come.
#pragma once

#include "absl/status/status.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::cli {

// One call that streams. Used by one thread.
class EventStream {
 public:
  virtual ~EventStream() = default;

  // Blocks until the next event; false: there are no more.
  virtual bool Next(airlock::v1::ExecutionEvent& event) = 0;

  // How the call ended. Call once, after Next() was false.
  virtual absl::Status Finish() = 0;
};

}  // namespace airlock::cli
