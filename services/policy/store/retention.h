// What a store may forget.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace airlock::policy {

// A request must be known for as long as this, so that it is not done again
// when its agent asks again.
inline constexpr absl::Duration kMinKept = absl::Hours(24);

// Executions that ended before this may be forgotten, if `wanted` is asked for.
inline absl::Time ForgetBefore(absl::Time wanted, absl::Time now) {
  return std::min(wanted, now - kMinKept);
}

}  // namespace airlock::policy
