#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/contract/sandbox_backend/sandbox_facts.h"

namespace airlock {
namespace {

// Waits until the background is what will be counted: a process is still its
// shell after the fork, and nothing at all for a moment when it becomes another
// program.
const std::string kBackground =
    "setsid sleep 987 & "
    "until [ \"$(tr '\\0' ' ' </proc/$!/cmdline)\" = 'sleep 987 ' ]; do :; "
    "done; ";

std::unique_ptr<executor::SandboxBackend> MakeDockerBackend() {
  if (!EngineIsThere()) {
    ADD_FAILURE() << "no Docker engine answers: run deploy/engine.sh";
    return nullptr;
  }
  auto backend = executor::DockerBackend::Open(TestOptions());
  return backend.ok() ? *std::move(backend) : nullptr;
}

BackendUnderTest RealDocker() {
  return {
      .name = "Docker",
      .make = MakeDockerBackend,
      .spec = TestSpec(),
      .unknown_image = "airlock/no-such-image:1",
      .write_bytes =
          [](std::uint64_t bytes) {
            return TestProcess(
                {"head", "-c", std::to_string(bytes), "/dev/zero"});
          },
      .complain =
          [](const std::string& word) {
            return ShellLine("echo " + word + " >&2");
          },
      .ignore_sigterm =
          [] { return ShellLine("trap '' TERM; while :; do sleep 1; done"); },
      .leave_behind = [] { return ShellLine(kBackground + "exit 0"); },
      .start_daemon =
          [] {
            return ShellLine("(" + kBackground + "); echo up; exec sleep 600");
          },
      .count_background =
          [] {
            return ShellLine(
                "for file in /proc/[0-9]*/cmdline; do"
                "  tr '\\0' ' ' <$file; echo; "
                "done | grep -cx 'sleep 987 '");
          }};
}

INSTANTIATE_TEST_SUITE_P(Docker, SandboxFacts, testing::Values(RealDocker()));

}  // namespace
}  // namespace airlock
