// The audit's records as they come.
#pragma once

#include "absl/status/status.h"
#include "airlock/v1/audit.pb.h"

namespace airlock::cli {

// One call that streams. Used by one thread.
class AuditStream {
 public:
  virtual ~AuditStream() = default;

  // Blocks until the next item; false: there are no more.
  virtual bool Next(airlock::v1::ExportAuditRecordsResponse& item) = 0;

  // How the call ended. Call once, after Next() was false.
  virtual absl::Status Finish() = 0;
};

}  // namespace airlock::cli
