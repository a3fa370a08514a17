// Whether a sandbox keeps its limits, judged by what was found inside.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// Whether one limit holds.
struct EnforcementCheck {
  // Such as "memory": one of a few words.
  std::string name;
  bool ok = false;
  // What was wrong. Empty: nothing.
  std::string message;

  friend bool operator==(const EnforcementCheck&,
                         const EnforcementCheck&) = default;
};

// The sandbox to try limits in: as `spec`, but small enough to be made and
// filled quickly, and without what would only get in the way.
SandboxSpec ProbeSandbox(SandboxSpec spec);

// The command that tries the limits of a sandbox of `spec` from inside.
std::vector<std::string> ProbeCommand(const SandboxSpec& spec);

// Compares what the command printed with `spec`. Always the same checks; one
// about which nothing, or nothing that can be read, was told is not ok. Pure.
std::vector<EnforcementCheck> JudgeProbe(const SandboxSpec& spec,
                                         absl::string_view output);

}  // namespace airlock::executor
