// The seam between when a host is made new and how.
#pragma once

#include <atomic>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::executor {

// Makes the host of a backend new, while nobody is connected to it.
class HostRenewal {
 public:
  virtual ~HostRenewal() = default;

  // Blocks until the host is as it was when it was new first, or says why it is
  // not; soon after `stop` became true, with kCancelled. `reason` is one of
  // "start", "age", "uses", "failure", "session".
  virtual absl::Status Renew(absl::string_view reason,
                             const std::atomic<bool>& stop) = 0;

  // OK: it may be tried. Else why not before an operator did something: what
  // Renew() said last, be it in an earlier life of this process. Does not
  // block, and belongs to the thread of Renew().
  virtual absl::Status MayRenew() const = 0;
};

}  // namespace airlock::executor
