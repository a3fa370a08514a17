// What a process gets, and how its end is told.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/unit/runner/runner_fixture.h"

namespace airlock::runner {
namespace {

using executor::EndedBy;
using executor::ProcessEnd;
using executor::ProcessSpec;
using testing::HasSubstr;

class RunTest : public RealRunnerTest {};

TEST_F(RunTest, OutputAndExitCodeArrive) {
  const ProcessEnd end = Run(Shell("echo out; echo err >&2; exit 7"));

  EXPECT_EQ(end.ended_by, EndedBy::kExited) << end.message;
  EXPECT_EQ(end.exit_code, 7);
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(end.leftover_processes, 0U);
  EXPECT_EQ(observer_->out(), "out\n");
  EXPECT_EQ(observer_->err(), "err\n");
  EXPECT_EQ(observer_->starts(), 1);
  EXPECT_EQ(observer_->ends(), 1);
}

TEST_F(RunTest, SignalIsTold) {
  const ProcessEnd end = Run(Shell("kill -SEGV $$"));

  EXPECT_EQ(end.ended_by, EndedBy::kSignaled);
  EXPECT_EQ(end.signal, SIGSEGV);
}

TEST_F(RunTest, TwoProcessesRunAfterEachOther) {
  EXPECT_EQ(Run(Shell("echo one")).ended_by, EndedBy::kExited);
  EXPECT_EQ(observer_->out(), "one\n");

  EXPECT_EQ(Run(Shell("echo two; exit 2")).exit_code, 2);
  EXPECT_EQ(observer_->out(), "two\n");
}

TEST_F(RunTest, InputArrivesWholeAndEnds) {
  ProcessSpec spec = Command({"md5sum"});
  // Several windows, so that credit must flow.
  spec.stdin_data.assign(3'000'000, 'x');

  EXPECT_EQ(Run(spec).exit_code, 0);

  EXPECT_EQ(observer_->out(), "8e32e22642bddc89698e25a4e9bf528b  -\n");
}

TEST_F(RunTest, ProcessThatIgnoresItsInputEnds) {
  ProcessSpec spec = Shell("exec <&-; echo done");
  spec.stdin_data.assign(3'000'000, 'x');

  EXPECT_EQ(Run(spec).exit_code, 0);
  EXPECT_EQ(observer_->out(), "done\n");
}

TEST_F(RunTest, EnvironmentIsExactlyWhatWasGiven) {
  ProcessSpec spec = Command({"/usr/bin/env"});
  spec.env = {"PATH=/bin", "A=b c", "EMPTY="};

  EXPECT_EQ(Run(spec).exit_code, 0);
  EXPECT_EQ(observer_->out(), "PATH=/bin\nA=b c\nEMPTY=\n");
}

TEST_F(RunTest, WorkingDirectoryIsMade) {
  ProcessSpec spec = Command({"pwd"});
  spec.cwd = "/workspace/a/b";

  EXPECT_EQ(Run(spec).exit_code, 0);
  EXPECT_EQ(observer_->out(), workspace_ + "/a/b\n");
}

TEST_F(RunTest, BinaryOutputIsNotTouched) {
  EXPECT_EQ(Run(Shell("printf 'a\\000b\\377\\n\\000'")).exit_code, 0);

  EXPECT_EQ(observer_->out(), std::string("a\0b\xff\n\0", 6));
}

TEST_F(RunTest, ProcessGetsOnlyItsThreeDescriptors) {
  EXPECT_EQ(Run(Shell("cd /proc/self/fd && echo *")).exit_code, 0);

  // 3 is the shell's own, for reading the directory.
  EXPECT_EQ(observer_->out(), "0 1 2 3\n");
}

TEST_F(RunTest, ProcessLeadsASessionWithDefaultSignalsAndMask) {
  ProcessSpec spec = Command(
      {"sh", "-c",
       "grep -E 'SigBlk|SigIgn' /proc/self/status; umask; "
       "cut -d' ' -f6 /proc/$$/stat; echo $$; cat /proc/self/oom_score_adj"});

  EXPECT_EQ(Run(spec).exit_code, 0);

  std::istringstream lines(observer_->out());
  std::string blocked, ignored, mask, session, pid, score;
  std::getline(lines, blocked);
  std::getline(lines, ignored);
  std::getline(lines, mask);
  std::getline(lines, session);
  std::getline(lines, pid);
  std::getline(lines, score);
  EXPECT_EQ(blocked, "SigBlk:\t0000000000000000");
  EXPECT_EQ(ignored, "SigIgn:\t0000000000000000");
  EXPECT_EQ(mask, "0022");
  EXPECT_EQ(session, pid);
  EXPECT_EQ(score, "1000");
}

TEST_F(RunTest, RunnerItselfKeepsItsOomScore) {
  ASSERT_EQ(Run(Command({"true"})).exit_code, 0);

  std::ifstream file(absl::StrCat("/proc/", stream_->pid(), "/oom_score_adj"));
  std::ifstream ours("/proc/self/oom_score_adj");
  std::string score, expected;
  file >> score;
  ours >> expected;
  EXPECT_EQ(score, expected);
}

TEST_F(RunTest, MissingCommandIsNotStarted) {
  const ProcessEnd end = Run(Command({"no-such-command"}));

  EXPECT_EQ(end.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end.reason, "COMMAND_NOT_FOUND");
  EXPECT_THAT(end.message, HasSubstr("no-such-command"));
  EXPECT_TRUE(end.empty);
  EXPECT_EQ(observer_->starts(), 0);
}

TEST_F(RunTest, FileWithoutExecuteBitIsNotStarted) {
  ProcessSpec spec = Command({"./script"});
  spec.files = {{"script", "#!/bin/sh\n", 0644}};

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end.reason, "COMMAND_NOT_EXECUTABLE");
}

TEST_F(RunTest, FileThatIsNoProgramIsNotStarted) {
  ProcessSpec spec = Command({"./noise"});
  spec.files = {{"noise", "\x01\x02\x03", 0755}};

  EXPECT_EQ(Run(spec).reason, "COMMAND_NOT_EXECUTABLE");
}

TEST_F(RunTest, TooManyArgumentsAreNotStarted) {
  ProcessSpec spec = Command({"true", std::string(200'000, 'x')});

  const ProcessEnd end = Run(spec);

  EXPECT_EQ(end.ended_by, EndedBy::kNotStarted);
  EXPECT_EQ(end.reason, "START_FAILED");
}

TEST_F(RunTest, RunnerServesAfterAFailedStart) {
  EXPECT_EQ(Run(Command({"no-such-command"})).ended_by, EndedBy::kNotStarted);

  EXPECT_EQ(Run(Command({"true"})).exit_code, 0);
}

TEST_F(RunTest, ProgramIsSearchedInItsOwnPath) {
  ProcessSpec spec = Command({"hello"});
  spec.env = {absl::StrCat("PATH=/nowhere:", workspace_, "/bin")};
  spec.files = {{"bin/hello", "#!/bin/sh\necho hello\n", 0755}};

  EXPECT_EQ(Run(spec).exit_code, 0);
  EXPECT_EQ(observer_->out(), "hello\n");
}

TEST_F(RunTest, TimeOfATrivialCommand) {
  StartRunner();
  std::vector<absl::Duration> times;
  for (int i = 0; i < 201; ++i) {
    const absl::Time begin = absl::Now();
    ASSERT_EQ(Run(Command({"/bin/true"})).exit_code, 0);
    times.push_back(absl::Now() - begin);
  }
  std::sort(times.begin(), times.end());
  RecordProperty("p50_us", absl::ToInt64Microseconds(times[100]));
  std::printf("run of /bin/true: p50 %s, p95 %s\n",
              absl::FormatDuration(times[100]).c_str(),
              absl::FormatDuration(times[190]).c_str());
  EXPECT_LT(times[100], absl::Milliseconds(500));
}

}  // namespace
}  // namespace airlock::runner
