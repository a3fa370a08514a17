// The environment every process in a sandbox begins with.
#pragma once

#include <string>
#include <vector>

namespace airlock::executor {

// As NAME=value; nothing of the executor's own environment is in it. HOME and
// the prefixes of package managers are in the workspace, the only place that
// may be written to besides /tmp, so that packages can be installed and found.
inline std::vector<std::string> BaseEnvironment() {
  const std::string own = "/workspace/.local/bin:/workspace/.npm/bin";
  return {
      "PATH=" + own +
          ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=/workspace",
      "TMPDIR=/tmp",
      "LANG=C.UTF-8",
      "PYTHONUSERBASE=/workspace/.local",
      "PIP_USER=1",
      "PIP_NO_CACHE_DIR=1",
      "PIP_BREAK_SYSTEM_PACKAGES=1",
      "NPM_CONFIG_PREFIX=/workspace/.npm",
      "NPM_CONFIG_CACHE=/tmp/.npm-cache",
      "NODE_PATH=/workspace/.npm/lib/node_modules",
  };
}

}  // namespace airlock::executor
