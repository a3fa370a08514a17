// Whether a request is one that could run at all, whatever the rules say.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "airlock/v1/action.pb.h"
#include "airlock/v1/execution.pb.h"
#include "common/config/contract.h"

namespace airlock::policy {

// Bounds of a request, in bytes where no other unit is named.
inline constexpr std::size_t kMaxCodeBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxShellBytes = std::size_t{128} << 10;
// Arguments together, and each; the kernel takes no longer single string.
inline constexpr std::size_t kMaxArgsBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxArgBytes = (std::size_t{128} << 10) - 1;
inline constexpr int kMaxArgs = 4096;
inline constexpr std::size_t kMaxStdinBytes = std::size_t{8} << 20;
// Of one WriteStdin call.
inline constexpr std::size_t kMaxLaterInputBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxFilesBytes = std::size_t{8} << 20;
inline constexpr int kMaxFiles = 256;
inline constexpr std::size_t kMaxEnvBytes = std::size_t{128} << 10;
inline constexpr int kMaxEnvEntries = 256;
inline constexpr std::size_t kMaxPathBytes = 4095;
inline constexpr std::size_t kMaxPathComponentBytes = 255;
inline constexpr std::size_t kMaxUrlBytes = 8192;
inline constexpr std::size_t kMaxRequestIdBytes = 64;
// Everything of one action together: what a message may carry.
inline constexpr std::size_t kMaxActionBytes = std::size_t{16} << 20;

// Checks an action of any kind. INVALID_ARGUMENT with a violation for each
// field that is wrong. Pure.
absl::Status ValidateAction(const airlock::v1::Action& action,
                            const AgentContract& contract);

// Checks a whole request: as ValidateAction, and the request's id, session,
// timeout and limits. UNIMPLEMENTED with reason ACTION_NOT_IMPLEMENTED for a
// kind that cannot run yet. INVALID_ARGUMENT with reason SESSION_REQUIRED for a
// file action without a session. An empty `request_id` passes: the gateway
// mints one. Pure.
absl::Status ValidateExecuteRequest(const airlock::v1::ExecuteRequest& request,
                                    const AgentContract& contract);

}  // namespace airlock::policy
