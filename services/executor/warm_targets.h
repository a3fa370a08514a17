// What sandboxes the configuration makes likely.
#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/config/contract.h"
#include "services/executor/sandbox/sandbox_spec.h"
#include "services/executor/sandbox/warm_target.h"

namespace airlock::executor {

// The sandbox of an execution that narrows no limit, as the policy freezes it;
// without the image's id.
SandboxSpec SandboxSpecFromSettings(const SandboxSettings& settings);

// What shall wait on an executor with this backend: sandboxes of the default
// settings, and of each agent's own where they differ. Settings that come to
// the same sandbox are one target, with the largest size and refill and the
// shortest age among them.
std::vector<WarmTarget> WarmTargetsFrom(const Contract& contract,
                                        absl::string_view backend);

// The sandbox whose limits are tried: the default one, or that of the first
// agent who has one. Nothing if nobody has.
std::optional<SandboxSpec> TriedSandboxFrom(const Contract& contract,
                                            absl::string_view backend);

}  // namespace airlock::executor
