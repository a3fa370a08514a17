// File actions: one run of the runner's own program in the sandbox.
#pragma once

#include "absl/status/status.h"
#include "airlock/internal/v1/spec.pb.h"
#include "airlock/v1/action.pb.h"
#include "airlock/v1/execution.pb.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// Whether it is file_read, file_list, file_write or file_delete.
bool IsFileAction(const airlock::v1::Action& action);

// Sets argv, an empty environment and, of a write, the content as standard
// input. kInvalidArgument with reason SPEC_INVALID: it has no session to work
// in, or values that no request may have.
absl::Status AddFileAction(const internal::v1::ExecutionSpec& spec,
                           ProcessSpec& process);

// Gives the outcome of a file action its reason and message, from the exit
// code. Does nothing unless the program exited by itself with an error.
void ExplainFileAction(airlock::v1::Outcome& outcome);

}  // namespace airlock::executor
