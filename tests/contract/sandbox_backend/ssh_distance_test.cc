// A host that is far away: what a command costs is counted in round trips, not
// in time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/contract/sandbox_backend/process_recorder.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tcp_relay.h"

namespace airlock {
namespace {

using executor::ProcessSpec;
using executor::SshBackend;

class SshDistanceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto sandbox = backend_->Create(HostSpec(), "", Soon(), nullptr);
    ASSERT_THAT(sandbox, IsOk());
    sandbox_ = *std::move(sandbox);
  }

  std::unique_ptr<SshBackend> MakeBackend() const {
    static const SystemClock clock;
    executor::SshOptions options = world_.Options();
    options.link.target.port = relay_.port();
    return std::make_unique<SshBackend>(options, clock);
  }

  // In which nothing can be said once the first answer is under way.
  std::shared_ptr<ProcessRecorder> StartInOneRoundTrip(ProcessSpec spec) {
    auto recorder = std::make_shared<ProcessRecorder>();
    relay_.HoldAfterAnswer();
    process_ = sandbox_->Run(std::move(spec), recorder);
    return recorder;
  }

  SshWorld world_;
  TcpRelay relay_{world_.sshd().port(), absl::Milliseconds(25)};
  std::unique_ptr<SshBackend> backend_ = MakeBackend();
  std::unique_ptr<executor::Sandbox> sandbox_;
  std::shared_ptr<executor::SandboxProcess> process_;
};

TEST_F(SshDistanceTest, ACommandOfASessionTakesOneRoundTrip) {
  ProcessSpec spec = ShellLine("cat; echo err >&2; exit 3");
  spec.stdin_data = "input\n";

  const auto process = StartInOneRoundTrip(std::move(spec));

  EXPECT_EQ(process->WaitEnded(absl::Seconds(10)).exit_code, 3);
  EXPECT_EQ(process->standard_output(), "input\n");
  EXPECT_EQ(process->standard_error(), "err\n");
  EXPECT_TRUE(relay_.holding());
}

// So that the test above means something.
TEST_F(SshDistanceTest, OutputThatMustBeAskedForTakesAnother) {
  constexpr std::size_t kBytes = 3'000'000;
  ProcessSpec spec =
      TestProcess({"head", "-c", std::to_string(kBytes), "/dev/zero"});
  spec.output_credit_bytes = 1000;

  const auto process = StartInOneRoundTrip(std::move(spec));
  ASSERT_TRUE(process->WaitOutput(1000));
  process_->AllowOutput(kBytes);

  EXPECT_FALSE(process->WaitOutput(1001, absl::Milliseconds(300)));
  relay_.Release();
  EXPECT_EQ(process->WaitEnded().exit_code, 0);
  EXPECT_EQ(process->standard_output().size(), kBytes);
}

}  // namespace
}  // namespace airlock
