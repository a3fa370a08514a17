// What a runner says about an end, checked.
#pragma once

#include "absl/status/statusor.h"
#include "airlock/runner/v1/runner.pb.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// What the executor knows itself about the process that ended.
struct ProcessFacts {
  bool started = false;
  bool kill_sent = false;
};

// Translates an Ended. kDataLoss: it contradicts itself or `facts`, or holds
// values that cannot be. Pure.
absl::StatusOr<ProcessEnd> ProcessEndFromFrame(const runner::v1::Ended& frame,
                                               const ProcessFacts& facts);

// The reason of a process whose sandbox we destroyed ourselves: nothing is to
// be found out.
inline constexpr char kDestroyedReason[] = "SANDBOX_DESTROYED";

// Of a process whose runner is no longer connected, or does not answer.
inline constexpr char kGoneReason[] = "RUNNER_GONE";
inline constexpr char kSilentReason[] = "RUNNER_SILENT";

// The end of a process nobody knows the end of.
ProcessEnd SandboxFailedEnd(absl::string_view reason,
                            absl::string_view message);

// The end of a process that never began.
ProcessEnd NotStartedEnd(absl::string_view reason, absl::string_view message);

}  // namespace airlock::executor
