#include "tests/contract/sandbox_backend/real_programs.h"
#include "tests/contract/sandbox_backend/sandbox_facts.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"

namespace airlock {
namespace {

// One for all tests: to start an sshd takes longer than most of them.
std::unique_ptr<executor::SandboxBackend> MakeSshBackend() {
  static const SshWorld world;
  return world.MakeBackend();
}

BackendUnderTest RealHost() {
  BackendUnderTest host = WithRealPrograms();
  host.name = "Ssh";
  host.make = MakeSshBackend;
  host.spec = HostSpec();
  return host;
}

INSTANTIATE_TEST_SUITE_P(Ssh, SandboxFacts, testing::Values(RealHost()));

}  // namespace
}  // namespace airlock
