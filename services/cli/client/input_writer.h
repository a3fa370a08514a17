// Later standard input of an execution.
#pragma once

#include "absl/status/statusor.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::cli {

// Calls WriteStdin, one call at a time, from one thread.
class InputWriter {
 public:
  virtual ~InputWriter() = default;

  // Blocks until the process took something, at most 30 s. Not tried again by
  // itself: the same call may be repeated after any error.
  virtual absl::StatusOr<airlock::v1::WriteStdinResponse> Write(
      const airlock::v1::WriteStdinRequest& request) = 0;

  // Gives up the call under way and every later one, which end as kCancelled.
  // Thread-safe.
  virtual void Cancel() = 0;
};

}  // namespace airlock::cli
