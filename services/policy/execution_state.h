// Facts about the states of an execution.
#pragma once

#include "airlock/v1/execution.pb.h"

namespace airlock::policy {

// Whether an execution in this state has ended, for ever.
inline bool IsFinal(airlock::v1::Execution::State state) {
  using airlock::v1::Execution;
  switch (state) {
    case Execution::STATE_FINISHED:
    case Execution::STATE_DENIED:
    case Execution::STATE_REJECTED:
    case Execution::STATE_EXPIRED:
    case Execution::STATE_CANCELLED:
      return true;
    default:
      return false;
  }
}

}  // namespace airlock::policy
