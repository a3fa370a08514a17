// Executors, and what waits for them, in one line for people.
#pragma once

#include <string>

#include "airlock/v1/execution.pb.h"
#include "airlock/v1/executor.pb.h"

namespace airlock::cli {

// "ready", "not ready": the state in lower case.
std::string ExecutorStateText(airlock::v1::Executor::State state);

// The same with the word for why it is not ready: "not ready
// (HOST_QUARANTINED)".
std::string ExecutorConditionText(const airlock::v1::Executor& executor);

// "ok" if every limit was found to hold, else the names of those that were
// not; "-" while none was tried.
std::string ChecksText(const airlock::v1::Executor& executor);

// "no executor": what an execution waits for.
std::string WaitingReasonText(airlock::v1::WaitingExecution::Reason reason);

}  // namespace airlock::cli
