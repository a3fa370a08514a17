// Of what an executor keeps sandboxes waiting.
#pragma once

#include <cstddef>

#include "absl/time/time.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// A kind of sandbox of which some shall wait, started and unused.
struct WarmTarget {
  // Without an image id; which image it is, is known when one is made.
  SandboxSpec spec;
  std::size_t size = 0;
  // How many are made at once.
  std::size_t refill = 1;
  // How long one may wait before it is replaced.
  absl::Duration max_age;

  friend bool operator==(const WarmTarget&, const WarmTarget&) = default;
};

}  // namespace airlock::executor
