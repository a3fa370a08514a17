// What executors are told about a job.
#pragma once

#include <cstdint>

#include "airlock/internal/v1/executor_link.pb.h"
#include "services/policy/dispatch/execution.h"

namespace airlock::policy {

// All are about the job an execution is assigned as, and pure.

// Prepare it.
airlock::internal::v1::ConnectResponse JobMessage(const Execution& execution);
// End it.
airlock::internal::v1::ConnectResponse CancelMessage(
    const Execution& execution);
// Output up to `limit_bytes` may come; what has come is held here.
airlock::internal::v1::ConnectResponse CreditMessage(const Execution& execution,
                                                     std::uint64_t limit_bytes);
// Send output again from what is held here.
airlock::internal::v1::ConnectResponse ResumeMessage(
    const Execution& execution);
// More standard input for its process.
airlock::internal::v1::ConnectResponse InputMessage(const Execution& execution,
                                                    const InputPiece& piece);
// Its end is recorded.
airlock::internal::v1::ConnectResponse EndAckMessage(
    const Execution& execution);

}  // namespace airlock::policy
