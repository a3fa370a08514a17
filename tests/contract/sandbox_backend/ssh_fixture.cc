#include "tests/contract/sandbox_backend/ssh_fixture.h"

#include <utility>

#include "common/security/random.h"
#include "common/time/clock.h"
#include "tests/contract/sandbox_backend/programs.h"

namespace airlock {
namespace {

const Clock& TestClock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace

SshWorld::SshWorld(TestSshdOptions options)
    : sshd_(std::move(options)), cgroup_(sshd_.uid()) {
  sshd_.OnStart([this](pid_t pid) { cgroup_.Enter(pid); });
}

executor::SshOptions SshWorld::Options() const {
  executor::SshOptions options;
  options.link.target = sshd_.Target();
  options.link.runners = {{"x86_64", AIRLOCK_RUNNER_PATH}};
  options.link.executor_id = "test-" + RandomUuid();
  options.link.boot = RandomUuid();
  options.link.cgroup = cgroup_.name();
  return options;
}

std::unique_ptr<executor::SshBackend> SshWorld::MakeBackend() const {
  return std::make_unique<executor::SshBackend>(Options(), TestClock());
}

executor::SandboxSpec HostSpec() {
  executor::SandboxSpec spec = TestSpec();
  spec.image.clear();
  spec.pull_policy = "missing";
  return spec;
}

}  // namespace airlock
