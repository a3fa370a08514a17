// Credit, limits and the last bytes of output.
#include <atomic>
#include <cstdint>
#include <fstream>

#include "tests/support/sanitized.h"
#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;

// Far less than what flows. A sanitizer keeps freed memory back on purpose.
constexpr std::int64_t kMostKib = (kSanitized ? 400L : 8L) * 1024;

class OutputTest : public RealRunnerTest {
 protected:
  // The most memory the runner ever held, in KiB.
  std::int64_t PeakKib() const {
    std::ifstream status(absl::StrCat("/proc/", stream_->pid(), "/status"));
    std::string word;
    while (status >> word) {
      std::int64_t value = 0;
      if (word == "VmHWM:" && status >> value) return value;
    }
    return -1;
  }
};

TEST_F(OutputTest, HundredMegabytesWithSmallCreditNeedLittleMemory) {
  StartRunner();
  ProcessSpec spec = Shell("head -c 100000000 /dev/zero");
  constexpr std::uint64_t kCredit = std::uint64_t{32} << 10;
  spec.output_credit_bytes = kCredit;
  observer_ = std::make_shared<RecordingObserver>(1024);
  // Output may come before Run() has returned the process.
  std::atomic<executor::SandboxProcess*> known = nullptr;
  std::atomic<std::uint64_t> written = 0;
  observer_->OnEachOutput([&](std::uint64_t total) {
    written = total;
    if (auto* process = known.load()) process->AllowOutput(total + kCredit);
  });

  process_ = client_->Run(spec, observer_);
  known = process_.get();
  process_->AllowOutput(written + kCredit);

  EXPECT_EQ(End().exit_code, 0);
  EXPECT_EQ(observer_->total(), 100'000'000U);
  EXPECT_GT(PeakKib(), 0);
  EXPECT_LT(PeakKib(), kMostKib);
}

TEST_F(OutputTest, SlowReaderNeedsLittleMemory) {
  StartRunner();
  ProcessSpec spec = Shell("head -c 50000000 /dev/zero; echo >&2 end");
  spec.output_credit_bytes = 1'000'000'000;
  observer_ = std::make_shared<RecordingObserver>(0);
  stream_->PauseReading(true);
  client_->Run(spec, observer_);
  // All this while the runner must hold back the process, not keep its output.
  const absl::Time until = absl::Now() + absl::Milliseconds(300);
  while (absl::Now() < until) ASSERT_LT(PeakKib(), kMostKib);
  stream_->PauseReading(false);

  EXPECT_EQ(End().exit_code, 0);
  EXPECT_EQ(observer_->total(), 50'000'004U);
}

TEST_F(OutputTest, WithoutCreditTheProcessWaits) {
  ProcessSpec spec = Shell("head -c 10000000 /dev/zero; echo done >&2");
  spec.output_credit_bytes = 1000;
  spec.timeout = absl::Milliseconds(500);
  StartRunner();
  observer_ = std::make_shared<RecordingObserver>();
  std::vector<std::uint64_t> totals;
  observer_->OnEachOutput(
      [&totals](std::uint64_t total) { totals.push_back(total); });

  client_->Run(spec, observer_);

  const ProcessEnd end = End();
  // To the byte, before the drain at the end sends more.
  EXPECT_THAT(totals, testing::Contains(1000U));
  // The time spent blocked counts; what was in the pipe still comes.
  EXPECT_EQ(end.ended_by, EndedBy::kTimedOut);
  EXPECT_EQ(observer_->err(), "");
  EXPECT_GE(observer_->total(), 1000U);
  EXPECT_LE(observer_->total(), 1000U + 2 * 1024 * 1024);
}

TEST_F(OutputTest, LastBytesComeEvenWithoutCredit) {
  ProcessSpec spec = Shell("head -c 50000 /dev/zero; echo err >&2; exit 4");
  spec.output_credit_bytes = 10;

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.exit_code, 4);
  EXPECT_EQ(observer_->out().size(), 50'000U);
  EXPECT_EQ(observer_->err(), "err\n");
}

TEST_F(OutputTest, OutputLimitEndsTheProcessAtExactlyTheLimit) {
  ProcessSpec spec = Shell("yes");
  spec.output_limit_bytes = 100'001;

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kOutputLimit);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(observer_->total(), 100'001U);
}

TEST_F(OutputTest, LimitIsFoundInTheLastBytesToo) {
  ProcessSpec spec = Shell("printf 123456");
  spec.output_limit_bytes = 5;

  EXPECT_EQ(Run(spec).ended_by, EndedBy::kOutputLimit);
  EXPECT_EQ(observer_->out(), "12345");
}

TEST_F(OutputTest, ByteAfterExactlyTheLimitEndsTheProcess) {
  // In a write of its own, when the limit has been met already.
  ProcessSpec spec = Shell("printf 12345; sleep 0.3; printf 6; sleep 60");
  spec.output_limit_bytes = 5;
  spec.output_credit_bytes = 5;

  EXPECT_EQ(Run(spec).ended_by, EndedBy::kOutputLimit);
  EXPECT_EQ(observer_->out(), "12345");
}

TEST_F(OutputTest, ExactlyTheLimitIsAllowed) {
  ProcessSpec spec = Shell("head -c 100000 /dev/zero");
  spec.output_limit_bytes = 100'000;
  spec.output_credit_bytes = 100'000;

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kExited);
  EXPECT_EQ(observer_->total(), 100'000U);
}

TEST_F(OutputTest, BothStreamsCountTogether) {
  ProcessSpec spec = Shell("printf 12345; printf 67890 >&2; sleep 60");
  spec.output_limit_bytes = 9;

  EXPECT_EQ(Run(spec).ended_by, EndedBy::kOutputLimit);
  EXPECT_EQ(observer_->total(), 9U);
}

TEST_F(OutputTest, PipeThatWasMadeLargerIsReadToItsEnd) {
  ProcessSpec spec = Command({"/usr/bin/python3", "-c",
                              "import fcntl, os\n"
                              "fcntl.fcntl(1, 1031, 1 << 20)\n"  // F_SETPIPE_SZ
                              "os.write(1, b'x' * (1 << 20))\n"});
  spec.output_credit_bytes = 1;

  EXPECT_EQ(Run(spec).exit_code, 0) << observer_->err();
  EXPECT_GE(observer_->total(), 1024U * 1024U);
}

TEST_F(OutputTest, OutputClosedEarlyIsNoEnd) {
  const ProcessEnd end = Run(Shell("exec >&- 2>&-; sleep 0.2; exit 5"));

  EXPECT_EQ(end.exit_code, 5);
}

}  // namespace
}  // namespace airlock::runner
