#include "tests/contract/sandbox_backend/programs.h"

#include <cstdint>
#include <utility>

#include "absl/time/clock.h"
#include "services/executor/sandbox/base_environment.h"

namespace airlock {

absl::Time Soon() { return absl::Now() + absl::Seconds(60); }

executor::SandboxSpec TestSpec() {
  executor::SandboxSpec spec;
  spec.image = "airlock/sandbox:latest";
  spec.pull_policy = "never";
  spec.memory_bytes = std::uint64_t{128} << 20U;
  spec.cpu_millis = 1000;
  spec.pids = 32;
  spec.workspace_bytes = std::uint64_t{32} << 20U;
  spec.tmp_bytes = std::uint64_t{16} << 20U;
  spec.inodes = 512;
  spec.user = "65534:65534";
  return spec;
}

executor::ProcessSpec TestProcess(std::vector<std::string> argv) {
  executor::ProcessSpec spec;
  spec.argv = std::move(argv);
  spec.env = executor::BaseEnvironment();
  spec.timeout = absl::Seconds(30);
  return spec;
}

executor::ProcessSpec ShellLine(const std::string& line) {
  return TestProcess({"/bin/sh", "-c", line});
}

}  // namespace airlock
