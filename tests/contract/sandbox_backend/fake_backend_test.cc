#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/sandbox_facts.h"
#include "tests/support/fake_sandbox_backend.h"

namespace airlock {
namespace {

BackendUnderTest FakeBackend() {
  return {.name = "Fake",
          .make = [] { return std::make_unique<FakeSandboxBackend>(); },
          .spec = TestSpec(),
          .unknown_image = "airlock/no-such-image:1",
          .write_bytes =
              [](std::uint64_t bytes) {
                return TestProcess({"spam", std::to_string(bytes)});
              },
          .complain =
              [](const std::string& word) {
                return TestProcess({"stderr", word});
              },
          .ignore_sigterm = [] { return TestProcess({"hang"}); },
          .leave_behind = [] { return TestProcess({"leave"}); },
          .start_daemon = [] { return TestProcess({"daemon"}); },
          .count_background = [] { return TestProcess({"left"}); }};
}

INSTANTIATE_TEST_SUITE_P(Fake, SandboxFacts, testing::Values(FakeBackend()));

}  // namespace
}  // namespace airlock
