// Paths of the workspace, as actions name them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::policy {

// The workspace, inside every sandbox.
inline constexpr absl::string_view kWorkspaceRoot = "/workspace";

// `path` relative to the workspace; "." for the workspace itself.
//
// It must be relative or below /workspace/, of 1 to 4095 bytes of UTF-8,
// without NUL bytes, empty parts, "." (unless it is all of it) and ".."; a part
// has at most 255 bytes. kInvalidArgument with a message that begins with
// "must".
absl::StatusOr<std::string> RelativeToWorkspace(absl::string_view path);

}  // namespace airlock::policy
