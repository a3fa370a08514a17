#include "tests/contract/sandbox_backend/ssh_fixture.h"

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
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

std::vector<pid_t> SshWorld::Processes() const {
  std::vector<pid_t> pids = cgroup_.Processes();
  // What waits is a copy of the host program, with its words.
  std::erase_if(pids, [](pid_t pid) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/cmdline"));
    const std::string words{std::istreambuf_iterator<char>(file), {}};
    constexpr absl::string_view kHost("\0host\0", 6);
    return absl::StrContains(words, kHost);
  });
  return pids;
}

executor::SandboxSpec HostSpec() {
  executor::SandboxSpec spec = TestSpec();
  spec.image.clear();
  spec.pull_policy = "missing";
  return spec;
}

}  // namespace airlock
