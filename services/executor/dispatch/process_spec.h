// What runs, from the words of the wire.
#pragma once

#include "absl/status/statusor.h"
#include "airlock/internal/v1/executor_link.pb.h"
#include "airlock/internal/v1/spec.pb.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// What is put before a spec when it is hashed, its NUL included.
inline constexpr absl::string_view kExecutionDomain("airlock.execution.v1\0",
                                                    21);

// Reads the spec of `job` after computing its digest again.
//
// kPermissionDenied with reason DIGEST_MISMATCH: the bytes are not those that
// were decided about. kInvalidArgument with reason SPEC_INVALID: they cannot be
// read, hold what this version does not know, or are another execution's.
absl::StatusOr<internal::v1::ExecutionSpec> SpecFromJob(
    const internal::v1::Job& job);

// What the sandbox may use. kInvalidArgument with reason SPEC_INVALID if a
// limit is missing.
absl::StatusOr<SandboxSpec> SandboxSpecFromProto(
    const internal::v1::SandboxSpec& proto);

// The process of a `code_exec`, a `system_command` or a file action. Code
// becomes the file `.airlock-<8 characters of the execution's id><ending>` in
// the working directory. kInvalidArgument with reason SPEC_INVALID: something
// is missing; kUnimplemented with reason ACTION_UNSUPPORTED: another kind of
// action.
absl::StatusOr<ProcessSpec> ProcessSpecFromExecution(
    const internal::v1::ExecutionSpec& spec);

}  // namespace airlock::executor
