// Approvals as they come and change.
#pragma once

#include "absl/status/status.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::cli {

// One call that streams. Used by one thread, but for Cancel().
class ApprovalStream {
 public:
  virtual ~ApprovalStream() = default;

  // Blocks until the next message; false: there are no more.
  virtual bool Next(airlock::v1::WatchApprovalsResponse& message) = 0;

  // How the call ended. Call once, after Next() was false.
  virtual absl::Status Finish() = 0;

  // Ends the call from any thread.
  virtual void Cancel() = 0;
};

}  // namespace airlock::cli
