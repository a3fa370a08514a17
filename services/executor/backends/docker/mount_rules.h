// Which host directories may be inside a sandbox.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/executor/sandbox/sandbox_spec.h"

namespace airlock::executor {

// OK if every mount's source is a real path (no symbolic link in it) that is
// one of `allowed` or below one, and neither it nor its target may break the
// sandbox or the host: no engine socket, /proc, /etc and the like. With
// `remote_engine` there must be no mounts: we cannot see that host's paths.
// kPermissionDenied names the mount and why.
absl::Status CheckMounts(const std::vector<SandboxMount>& mounts,
                         const std::vector<std::string>& allowed,
                         bool remote_engine);

}  // namespace airlock::executor
