// What another configuration would do, as it is found out.
#pragma once

#include "absl/status/status.h"
#include "airlock/v1/report.pb.h"

namespace airlock::cli {

// One call that streams. Used by one thread.
class ReplayStream {
 public:
  virtual ~ReplayStream() = default;

  // Blocks until the next item; false: there are no more.
  virtual bool Next(airlock::v1::ReplayPolicyResponse& item) = 0;

  // How the call ended. Call once, after Next() was false.
  virtual absl::Status Finish() = 0;
};

}  // namespace airlock::cli
