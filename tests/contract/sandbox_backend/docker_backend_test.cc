#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/contract/sandbox_backend/sandbox_facts.h"

namespace airlock {
namespace {

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
      .leave_behind = [] { return ShellLine("setsid sleep 987 & exit 0"); },
      .start_daemon =
          [] {
            return ShellLine("(setsid sleep 987 &); echo up; exec sleep 600");
          },
      .count_background =
          [] {
            return ShellLine(
                "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | "
                "grep -o 'sleep [9]87' | wc -l");
          }};
}

INSTANTIATE_TEST_SUITE_P(Docker, SandboxFacts, testing::Values(RealDocker()));

}  // namespace
}  // namespace airlock
