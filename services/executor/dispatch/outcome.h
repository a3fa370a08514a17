// How an execution ended, in the words of the wire.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// The outcome of a process. The bytes it wrote are the caller's to add.
airlock::v1::Outcome OutcomeFromProcessEnd(const ProcessEnd& end);

// The outcome of a job whose process never started.
airlock::v1::Outcome NotStarted(absl::string_view reason,
                                absl::string_view message);

// The stable word for an error of a backend: its own, or one for its code.
std::string BackendErrorReason(const absl::Status& error);

// Why a sandbox could not be made.
struct CreateFailure {
  airlock::v1::Outcome outcome;
  // Another executor, or this one later, may do better.
  bool retriable = false;
};

// `error` is what SandboxBackend::Create() answered.
CreateFailure FailureFromCreate(const absl::Status& error);

// The word for metrics: "exited", "timed_out"...
absl::string_view EndedByName(airlock::v1::Outcome::EndedBy ended_by);

}  // namespace airlock::executor
