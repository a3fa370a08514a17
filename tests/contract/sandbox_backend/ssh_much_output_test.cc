// More output than fits anywhere, to a reader that takes its time.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/security/digest.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"
#include "tests/support/child_process.h"
#include "tests/support/status_matchers.h"

namespace airlock {
namespace {

using executor::ProcessEnd;

constexpr std::uint64_t kBytes = 1'000'000'000;
// What may be under way: the reader asks for the next when it has all of it.
constexpr std::uint64_t kWindow = std::uint64_t{8} << 20U;

// Numbers, a line each: no piece is like another one.
std::string CountingLine() {
  return absl::StrCat("seq 200000000 2>/dev/null | head -c ", kBytes);
}

// Keeps how much came, and its digest.
class DigestRecorder final : public executor::ProcessObserver {
 public:
  void OnStarted() override {}
  void OnOutput(executor::Stream /*stream*/, absl::string_view data) override {
    absl::MutexLock lock(&mutex_);
    digest_.Add(data);
    bytes_ += data.size();
  }
  void OnInputCredit(std::uint64_t /*limit_bytes*/) override {}
  void OnEnded(const ProcessEnd& end) override {
    absl::MutexLock lock(&mutex_);
    end_ = end;
    ended_ = true;
  }

  // Blocks until so much has come, or it ended. False: nothing comes.
  bool WaitBytes(std::uint64_t bytes) const {
    const auto enough = [this, bytes]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return bytes_ >= bytes || ended_;
    };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Minutes(1));
  }
  bool WaitEnded() const {
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&ended_), absl::Minutes(1));
  }
  ProcessEnd end() const {
    absl::MutexLock lock(&mutex_);
    return end_;
  }
  std::uint64_t bytes() const {
    absl::MutexLock lock(&mutex_);
    return bytes_;
  }
  std::string digest() const {
    absl::MutexLock lock(&mutex_);
    return ToHex(digest_.Digest());
  }

 private:
  mutable absl::Mutex mutex_;
  Sha256Stream digest_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  ProcessEnd end_ ABSL_GUARDED_BY(mutex_);
};

// The most memory this process had since the last call of ForgetPeak().
std::size_t PeakBytes() {
  std::ifstream file("/proc/self/status");
  std::string word;
  std::size_t kilobytes = 0;
  while (file >> word && word != "VmHWM:") {
  }
  file >> kilobytes;
  return kilobytes << 10U;
}

void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

std::string ExpectedDigest() {
  ChildProcess tool({"/bin/sh", "-c", CountingLine() + " | sha256sum"});
  EXPECT_EQ(tool.WaitExit(absl::Minutes(2)), 0);
  return tool.whole_output().substr(0, 64);
}

TEST(SshMuchOutputTest, AGigabyteArrivesAsItIsAndIsNeverKept) {
  const SshWorld world;
  const auto backend = world.MakeBackend();
  auto sandbox = backend->Create(HostSpec(), "", Soon(), nullptr);
  ASSERT_THAT(sandbox, IsOk());
  auto recorder = std::make_shared<DigestRecorder>();
  executor::ProcessSpec spec = ShellLine(CountingLine());
  spec.timeout = absl::Minutes(10);
  spec.output_credit_bytes = kWindow;
  ForgetPeak();
  const std::size_t before = PeakBytes();

  const auto process = (*sandbox)->Run(std::move(spec), recorder);
  std::uint64_t allowed = kWindow;
  for (int turn = 1; allowed < kBytes; ++turn) {
    ASSERT_TRUE(recorder->WaitBytes(allowed)) << "after " << recorder->bytes();
    // Now and then it does something else, and all behind it waits.
    if (turn % 16 == 0) absl::SleepFor(absl::Seconds(1));
    allowed += kWindow;
    process->AllowOutput(allowed);
  }

  ASSERT_TRUE(recorder->WaitEnded());
  EXPECT_EQ(recorder->end().exit_code, 0) << recorder->end().message;
  EXPECT_EQ(recorder->bytes(), kBytes);
  EXPECT_EQ(recorder->digest(), ExpectedDigest());
  EXPECT_LT(PeakBytes() - before, std::size_t{48} << 20U);
}

}  // namespace
}  // namespace airlock
