#include "tests/contract/sandbox_backend/docker_fixture.h"
#include "tests/contract/sandbox_backend/real_programs.h"
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
  BackendUnderTest docker = WithRealPrograms();
  docker.name = "Docker";
  docker.make = MakeDockerBackend;
  docker.spec = TestSpec();
  docker.unknown_image = "airlock/no-such-image:1";
  return docker;
}

INSTANTIATE_TEST_SUITE_P(Docker, SandboxFacts, testing::Values(RealDocker()));

}  // namespace
}  // namespace airlock
