// A command of the operator, and that nothing of it stays.
#include "services/executor/backends/ssh/duty/restore_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/watchdog.h"

namespace airlock::executor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class RestoreCommandTest : public testing::Test {
 protected:
  // What a test that failed left behind.
  ~RestoreCommandTest() override {
    for (const std::string& pid : started_) {
      ::kill(std::stoi(pid), SIGKILL);
    }
  }

  RestoreCommand Script(const std::string& script) const {
    return {.words = {"/bin/sh", "-c", script, "restore", folder_.path()},
            .environment = {"PATH=/usr/bin:/bin", "AIRLOCK_REASON=age"},
            .timeout = absl::Seconds(20)};
  }
  absl::Status Run(const RestoreCommand& command) {
    return RunRestoreCommand(command, stop_);
  }
  absl::Status Run(const std::string& script) { return Run(Script(script)); }

  // What it wrote to the log meanwhile.
  std::string LogOf(const std::string& script) {
    testing::internal::CaptureStderr();
    Run(script).IgnoreError();
    return testing::internal::GetCapturedStderr();
  }

  std::vector<std::string> LinesOf(const std::string& name) const {
    std::ifstream file(folder_ / name);
    std::stringstream text;
    text << file.rdbuf();
    return absl::StrSplit(text.str(), '\n', absl::SkipEmpty());
  }
  // The number that the script wrote there, remembered for the end.
  std::string Pid(const std::string& name) {
    const std::vector<std::string> lines = LinesOf(name);
    if (lines.empty()) {
      ADD_FAILURE() << "no number in " << name;
      return "0";
    }
    started_.push_back(lines.front());
    return lines.front();
  }
  static bool IsAlive(const std::string& pid) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::string number;
    std::string name;
    std::string state;
    // Where nobody reaps orphans, dead ones stay.
    return file >> number >> name >> state && state != "Z";
  }
  // It may take a moment to die.
  static bool IsGone(const std::string& pid) {
    const absl::Time deadline = absl::Now() + absl::Seconds(5);
    while (IsAlive(pid) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(20));
    }
    return !IsAlive(pid);
  }

  const Watchdog watchdog_{absl::Seconds(30)};
  TemporaryDirectory folder_;
  std::atomic<bool> stop_ = false;
  std::vector<std::string> started_;
};

TEST_F(RestoreCommandTest, OneThatEndsWellIsOk) {
  EXPECT_THAT(Run("exit 0"), IsOk());
}

TEST_F(RestoreCommandTest, OneThatFailsHalfwaySaysWhatItSaidLast) {
  EXPECT_THAT(Run("echo stopping; echo no such image >&2; exit 3; echo never"),
              StatusIs(absl::StatusCode::kAborted,
                       "the restore command ended with exit code 3: no such "
                       "image"));
}

TEST_F(RestoreCommandTest, OneThatASignalEndsHasFailed) {
  EXPECT_THAT(Run("kill -KILL $$"),
              StatusIs(absl::StatusCode::kAborted,
                       "the restore command ended with signal 9"));
}

TEST_F(RestoreCommandTest, OneThatIsNotThereIsNamed) {
  EXPECT_THAT(
      Run(RestoreCommand{.words = {"/no/such/program"}, .environment = {}}),
      StatusIs(absl::StatusCode::kNotFound,
               HasSubstr("/no/such/program: No such file")));
}

TEST_F(RestoreCommandTest, ItKnowsNothingButWhatItIsTold) {
  ASSERT_THAT(Run("env >$1/env; cat >$1/input; ls /proc/self/fd >$1/files"),
              IsOk());

  EXPECT_THAT(LinesOf("env"),
              AllOf(testing::Contains("AIRLOCK_REASON=age"),
                    Not(testing::Contains(HasSubstr("HOME=")))));
  EXPECT_THAT(LinesOf("input"), SizeIs(0));
  // The three that all have, and the one that ls reads.
  EXPECT_THAT(LinesOf("files"), ElementsAre("0", "1", "2", "3"));
}

TEST_F(RestoreCommandTest, ItGetsSignalsAsAnyProgram) {
  // Ignored and blocked by whoever starts it.
  const auto before = ::signal(SIGTERM, SIG_IGN);
  sigset_t blocked;
  sigset_t old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &old);

  const absl::Status ended = Run("kill -TERM $$; exit 0");

  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::signal(SIGTERM, before);
  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kAborted,
                              HasSubstr("ended with signal 15")));
}

TEST_F(RestoreCommandTest, OneThatHangsIsEndedWithItsWholeGroup) {
  RestoreCommand hangs = Script(
      "trap : TERM; sh -c 'trap : TERM; echo $$ >$1/child; while :; do "
      "sleep 600; done' child $1 & echo $$ >$1/leader; while :; do wait; done");
  hangs.timeout = absl::Milliseconds(300);

  EXPECT_THAT(Run(hangs), StatusIs(absl::StatusCode::kDeadlineExceeded,
                                   HasSubstr("did not end within 300ms")));
  EXPECT_TRUE(IsGone(Pid("leader")));
  EXPECT_TRUE(IsGone(Pid("child")));
}

TEST_F(RestoreCommandTest, OneThatClosedItsOutputIsWatchedAllTheSame) {
  RestoreCommand hangs = Script("exec >&- 2>&-; echo $$ >$1/pid; sleep 600");
  hangs.timeout = absl::Milliseconds(300);

  EXPECT_THAT(Run(hangs), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(IsGone(Pid("pid")));
}

TEST_F(RestoreCommandTest, BeforeItIsKilledItsGroupMayCleanUp) {
  RestoreCommand hangs = Script(
      "sh -c 'trap \"echo cleaned >$1/child; exit\" TERM; "
      "while :; do sleep 0.05; done' child $1 & "
      "trap 'wait; echo cleaned >$1/leader; exit 0' TERM; "
      "while :; do sleep 0.05; done");
  hangs.timeout = absl::Milliseconds(500);

  EXPECT_THAT(Run(hangs), StatusIs(absl::StatusCode::kDeadlineExceeded))
      << "it did not restore in time, however it ended";
  EXPECT_THAT(LinesOf("child"), ElementsAre("cleaned"));
  EXPECT_THAT(LinesOf("leader"), ElementsAre("cleaned"));
}

TEST_F(RestoreCommandTest, WhatItLeavesInItsGroupEndsWithIt) {
  EXPECT_THAT(Run("sleep 600 & echo $! >$1/child; exit 0"), IsOk());

  EXPECT_TRUE(IsGone(Pid("child")));
}

TEST_F(RestoreCommandTest, ADaemonThatHoldsItsOutputIsNotWaitedFor) {
  EXPECT_THAT(Run("setsid sleep 600 & echo $! >$1/child; exit 0"), IsOk());

  Pid("child");
}

TEST_F(RestoreCommandTest, StoppingEndsItWithItsWholeGroup) {
  absl::Status ended;
  std::thread runs([&] {
    ended = Run("sleep 600 & echo $! >$1/child; echo $$ >$1/leader; wait");
  });
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (LinesOf("leader").empty() && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
  }

  stop_ = true;
  runs.join();

  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(IsGone(Pid("leader")));
  EXPECT_TRUE(IsGone(Pid("child")));
}

TEST_F(RestoreCommandTest, BothItsOutputsAreInTheLog) {
  EXPECT_THAT(LogOf("echo to one; echo to the other >&2; printf 'the rest'"),
              AllOf(HasSubstr(R"("line":"to one")"),
                    HasSubstr(R"("line":"to the other")"),
                    HasSubstr(R"("line":"the rest")")));
}

TEST_F(RestoreCommandTest, WhatItSaidBeforeItHungIsInTheLog) {
  testing::internal::CaptureStderr();
  RestoreCommand hangs = Script("echo waiting for the disk; sleep 600");
  hangs.timeout = absl::Milliseconds(500);
  EXPECT_THAT(Run(hangs), StatusIs(absl::StatusCode::kDeadlineExceeded));

  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("waiting for the disk"));
}

TEST_F(RestoreCommandTest, TheLogIsBounded) {
  const std::string log = LogOf(
      "i=0; while [ $i -lt 150 ]; do echo line $i; i=$((i+1)); done; "
      "head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end");

  EXPECT_THAT(log, AllOf(HasSubstr("\"line 99\""), Not(HasSubstr("line 100"))));
  EXPECT_LT(log.size(), 40'000U);
}

TEST_F(RestoreCommandTest, ALongLineIsCut) {
  const std::string log =
      LogOf("head -c 1000000 /dev/zero | tr '\\0' x; echo; exit 1");

  EXPECT_THAT(log, AllOf(HasSubstr(std::string(400, 'x')),
                         Not(HasSubstr(std::string(401, 'x')))));
}

TEST_F(RestoreCommandTest, WhatItSaysIsSafeToShow) {
  EXPECT_THAT(Run("printf '\\033[2Jgone\\n'; exit 1"),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("\\u{001B}[2J")));
}

}  // namespace
}  // namespace airlock::executor
