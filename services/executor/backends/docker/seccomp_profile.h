// What the kernel may be asked for from inside a sandbox.
#pragma once

#include <string>

namespace airlock::executor {

// common/seccomp/profile.json on one line, as the engine wants it: an
// allow-list. Everything else fails with EPERM, what programs can do without
// with ENOSYS.
const std::string& SeccompProfile();

}  // namespace airlock::executor
