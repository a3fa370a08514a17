// A host that is made new: when, how, and what must not be lost by it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/executor/backends/ssh/duty/host_restorer.h"
#include "services/executor/backends/ssh/duty/rotating_backend.h"
#include "tests/contract/sandbox_backend/process_recorder.h"
#include "tests/contract/sandbox_backend/programs.h"
#include "tests/contract/sandbox_backend/ssh_fixture.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/watchdog.h"

namespace airlock {
namespace {

using executor::HostRestorer;
using executor::HostRestorerOptions;
using executor::RotatingBackend;
using executor::RotationOptions;
using executor::Sandbox;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr absl::Duration kAtOnce = absl::Milliseconds(100);

// Hears of renewals and holds them up.
class FakeRenewal final : public executor::HostRenewal {
 public:
  absl::Status Renew(absl::string_view reason,
                     const std::atomic<bool>& stop) override {
    absl::MutexLock lock(&mutex_);
    reasons_.emplace_back(reason);
    while (held_ && !stop)
      mutex_.AwaitWithTimeout(absl::Condition(&never_), kAtOnce);
    return absl::OkStatus();
  }
  absl::Status MayRenew() const override { return absl::OkStatus(); }
  void Hold(bool held) {
    absl::MutexLock lock(&mutex_);
    held_ = held;
  }
  std::vector<std::string> reasons() const {
    absl::MutexLock lock(&mutex_);
    return reasons_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> reasons_;
  bool held_ = false;
  bool never_ = false;
};

class SshRotationTest : public testing::Test {
 protected:
  void TearDown() override {
    // What a test that failed left on the host.
    RunTool({"/bin/sh", "-c",
             absl::StrCat("pkill -KILL -u ", world().sshd().user(),
                          " -x 'sleep|python3' || true")});
  }

  static SshWorld& world() {
    static SshWorld world({.user = "airlock-rotation"});
    return world;
  }

  std::unique_ptr<RotatingBackend> Make(
      RotationOptions options, std::unique_ptr<executor::HostRenewal> renewal) {
    options.first_retry = absl::Milliseconds(200);
    const auto make = [this] {
      ssh_.link.boot = RandomUuid();
      ++hosts_;
      static const SystemClock system;
      return std::make_unique<executor::SshBackend>(ssh_, system);
    };
    return std::make_unique<RotatingBackend>(options, make, std::move(renewal),
                                             clock_, metrics_);
  }

  std::unique_ptr<RotatingBackend> MakeRestored(const std::string& script,
                                                RotationOptions options = {}) {
    HostRestorerOptions restorer;
    restorer.host = ssh_.link;
    restorer.command = {"/bin/sh", "-c", script, "restore"};
    restorer.command_timeout = command_timeout_;
    restorer.state_path = folder_.path();
    restorer.roots = {world().sshd().home()};
    restorer.settle_limit = absl::Seconds(1);
    restorer.return_limit = absl::Seconds(20);
    return Make(options, std::make_unique<HostRestorer>(restorer));
  }

  static void RunOne(Sandbox& sandbox) {
    auto recorder = std::make_shared<ProcessRecorder>();
    sandbox.Run(ShellLine("exit 7"), recorder);
    EXPECT_EQ(recorder->WaitEnded().exit_code, 7);
  }
  static void UseOnce(RotatingBackend& backend) {
    auto sandbox = backend.Create(HostSpec(), "e", Soon(), nullptr);
    ASSERT_THAT(sandbox, IsOk());
    RunOne(**sandbox);
    EXPECT_THAT((*sandbox)->Destroy(Soon()), IsOk());
  }

  // What Check() says in the end, when it is `code`.
  static absl::Status AwaitCheck(RotatingBackend& backend,
                                 absl::StatusCode code) {
    const absl::Time deadline = Soon();
    absl::Status status = backend.Check(Soon());
    while (status.code() != code && absl::Now() < deadline) {
      absl::SleepFor(kAtOnce);
      status = backend.Check(Soon());
    }
    return status;
  }

  std::string InFolder(const std::string& name) const {
    return absl::StrCat(std::string(folder_.path()), "/", name);
  }
  std::vector<std::string> LinesOf(const std::string& name) const {
    std::ifstream file(InFolder(name));
    std::stringstream text;
    text << file.rdbuf();
    return absl::StrSplit(text.str(), '\n', absl::SkipEmpty());
  }
  // How often the command ran that adds an empty line there.
  std::size_t TriesOf(const std::string& name) const {
    return std::filesystem::file_size(InFolder(name));
  }
  // Of a process. Where nobody reaps orphans, dead ones stay.
  static bool IsAlive(const std::string& pid) {
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::string number;
    std::string name;
    std::string state;
    return file >> number >> name >> state && state != "Z";
  }
  // It may take a moment to die.
  static bool IsGone(const std::string& pid) {
    const absl::Time deadline = absl::Now() + absl::Seconds(5);
    while (IsAlive(pid) && absl::Now() < deadline) absl::SleepFor(kAtOnce);
    return !IsAlive(pid);
  }
  std::string Metrics() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }
  // Runs a line as the account of the host, in its home; what it starts is
  // found by the test's sshd, and ends with it.
  static std::string AsAccount(const std::string& line) {
    return absl::StrCat("su -s /bin/sh ", world().sshd().user(), " -c 'cd ",
                        world().sshd().home(), "; ", line, "'");
  }

  const Watchdog watchdog_{absl::Seconds(100)};
  executor::SshOptions ssh_ = world().Options();
  TemporaryDirectory folder_;
  FakeClock clock_;
  prometheus::Registry registry_;
  executor::ExecutorMetrics metrics_{registry_};
  absl::Duration command_timeout_ = absl::Seconds(20);
  std::atomic<int> hosts_ = 0;
};

TEST_F(SshRotationTest, AfterItsUsesTheHostIsAnotherOneAndNothingIsLost) {
  const auto backend = Make({.max_uses = 2}, nullptr);
  auto first = backend->Create(HostSpec(), "a", Soon(), nullptr);
  auto second = backend->Create(HostSpec(), "b", Soon(), nullptr);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT((*first)->Destroy(Soon()), IsOk());

  auto recorder = std::make_shared<ProcessRecorder>();
  (*second)->Run(ShellLine("sleep 1; exit 9"), recorder);
  std::thread third([&] { UseOnce(*backend); });

  EXPECT_EQ(recorder->WaitEnded().exit_code, 9);
  EXPECT_EQ(hosts_, 1);
  EXPECT_EQ(ErrorReason(AwaitCheck(*backend, absl::StatusCode::kUnavailable)),
            "HOST_BUSY");
  EXPECT_THAT((*second)->Destroy(Soon()), IsOk());
  third.join();
  EXPECT_EQ(hosts_, 2);
  EXPECT_THAT(Metrics(), HasSubstr("host_rotations_total{reason=\"uses\"} 1"));
}

TEST_F(SshRotationTest, TheHostProgramEndsWithItsHost) {
  const auto backend = Make({.max_uses = 1}, nullptr);
  UseOnce(*backend);
  const std::string before =
      RunTool({"/usr/bin/pgrep", "-o", "-f",
               "host --executor " + ssh_.link.executor_id});
  ASSERT_TRUE(IsAlive(before));

  UseOnce(*backend);

  EXPECT_TRUE(IsGone(before));
}

TEST_F(SshRotationTest, AnOldHostIsMadeNew) {
  const auto backend = Make({.max_age = absl::Hours(1)}, nullptr);
  UseOnce(*backend);
  clock_.Advance(absl::Minutes(59));
  UseOnce(*backend);
  EXPECT_EQ(hosts_, 1);

  clock_.Advance(absl::Minutes(1));
  UseOnce(*backend);

  EXPECT_EQ(hosts_, 2);
  EXPECT_THAT(Metrics(), HasSubstr("host_rotations_total{reason=\"age\"} 1"));
}

TEST_F(SshRotationTest, OneThatOnlyWaitsMakesRoomAndOneAtWorkDoesNot) {
  const auto backend = Make({.max_age = absl::Hours(1)}, nullptr);
  auto waits = backend->Create(HostSpec(), "", Soon(), nullptr);
  auto works = backend->Create(HostSpec(), "e", Soon(), nullptr);
  ASSERT_THAT(waits, IsOk());
  ASSERT_THAT(works, IsOk());
  RunOne(**works);
  EXPECT_TRUE((*waits)->usable());

  clock_.Advance(absl::Hours(1));

  EXPECT_EQ(ErrorReason(backend->Check(Soon())), "HOST_BUSY");
  EXPECT_FALSE((*waits)->usable());
  EXPECT_TRUE((*works)->usable());
}

TEST_F(SshRotationTest, WithSessionsThereIsOneSandboxAndThenANewHost) {
  auto renewal = std::make_unique<FakeRenewal>();
  const FakeRenewal& renewed = *renewal;
  const auto backend = Make({.every_session = true}, std::move(renewal));
  auto first = backend->Create(HostSpec(), "a", Soon(), nullptr);
  ASSERT_THAT(first, IsOk());

  const auto second =
      backend->Create(HostSpec(), "b", absl::Now() + kAtOnce, nullptr);
  EXPECT_EQ(ErrorReason(second.status()), "HOST_BUSY");
  EXPECT_THAT(backend->Check(Soon()), IsOk());
  EXPECT_THAT((*first)->Destroy(Soon()), IsOk());
  UseOnce(*backend);

  EXPECT_THAT(AwaitCheck(*backend, absl::StatusCode::kOk), IsOk());
  EXPECT_THAT(renewed.reasons(), ElementsAre("start", "session", "session"));
}

TEST_F(SshRotationTest, ToTryLimitsIsNoUse) {
  const auto backend =
      Make({.every_session = true}, std::make_unique<FakeRenewal>());
  auto tried = backend->Create(HostSpec(), executor::kSelfTestExecution, Soon(),
                               nullptr);
  ASSERT_THAT(tried, IsOk());
  EXPECT_THAT((*tried)->Destroy(Soon()), IsOk());

  EXPECT_THAT(backend->Check(Soon()), IsOk());
  EXPECT_EQ(hosts_, 1);
}

TEST_F(SshRotationTest, WhileTheHostIsMadeNewWorkWaits) {
  auto renewal = std::make_unique<FakeRenewal>();
  FakeRenewal& renewed = *renewal;
  renewed.Hold(true);
  const auto backend = Make({}, std::move(renewal));

  EXPECT_EQ(ErrorReason(backend->Check(Soon())), "HOST_BUSY");
  EXPECT_EQ(hosts_, 0);
  std::thread work([&] { UseOnce(*backend); });
  renewed.Hold(false);
  work.join();

  EXPECT_THAT(renewed.reasons(), ElementsAre("start"));
}

TEST_F(SshRotationTest, TheCommandRunsFirstAndWithTheNamesOfTheHost) {
  const auto backend = MakeRestored(
      absl::StrCat("env | sort >>", InFolder("env"),
                   "; echo $AIRLOCK_REASON >>", InFolder("reasons")),
      {.max_uses = 1});
  UseOnce(*backend);
  UseOnce(*backend);

  EXPECT_THAT(LinesOf("reasons"), ElementsAre("start", "uses"));
  const std::string all = absl::StrJoin(LinesOf("env"), "\n");
  EXPECT_THAT(
      all,
      AllOf(HasSubstr("AIRLOCK_SSH_HOST=127.0.0.1"),
            HasSubstr(absl::StrCat("AIRLOCK_SSH_PORT=", world().sshd().port())),
            HasSubstr(absl::StrCat("AIRLOCK_SSH_USER=", world().sshd().user())),
            HasSubstr(
                absl::StrCat("AIRLOCK_EXECUTOR_ID=", ssh_.link.executor_id))));
  EXPECT_THAT(all, testing::Not(HasSubstr("HOME=")));
}

TEST_F(SshRotationTest, ACommandThatFailsIsQuarantineUntilItDoesNot) {
  const auto backend = MakeRestored(absl::StrCat(
      "test -e ", InFolder("good"), " || { echo no pool; exit 1; }"));

  const absl::Status checked =
      AwaitCheck(*backend, absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(checked), "HOST_QUARANTINED");
  EXPECT_THAT(std::string(checked.message()),
              HasSubstr("exit code 1: no pool"));
  EXPECT_EQ(
      ErrorReason(backend->Create(HostSpec(), "e", Soon(), nullptr).status()),
      "HOST_QUARANTINED");
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 1\n"));
  EXPECT_EQ(hosts_, 0);

  std::ofstream(InFolder("good")) << "yes";
  EXPECT_THAT(AwaitCheck(*backend, absl::StatusCode::kOk), IsOk());
  UseOnce(*backend);
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 0\n"));
}

TEST_F(SshRotationTest, ACommandThatHangsIsEndedWithAllItStarted) {
  command_timeout_ = absl::Milliseconds(300);
  const auto backend =
      MakeRestored(absl::StrCat("sleep 600 & echo $! >", InFolder("child"),
                                "; trap : TERM; while :; do wait; done"));

  const absl::Status checked =
      AwaitCheck(*backend, absl::StatusCode::kFailedPrecondition);

  EXPECT_THAT(std::string(checked.message()), HasSubstr("did not end within"));
  EXPECT_TRUE(IsGone(LinesOf("child").at(0)));
}

TEST_F(SshRotationTest, StoppingEndsTheCommandWithAllItStarted) {
  auto backend =
      MakeRestored(absl::StrCat("sleep 600 & echo $! >", InFolder("child"),
                                "; echo $$ >", InFolder("leader"), "; wait"));
  const absl::Time deadline = Soon();
  while (LinesOf("leader").empty() && absl::Now() < deadline) {
    absl::SleepFor(kAtOnce);
  }
  ASSERT_FALSE(LinesOf("leader").empty()) << "the command did not start";

  backend = nullptr;

  EXPECT_TRUE(IsGone(LinesOf("child").at(0)));
  EXPECT_TRUE(IsGone(LinesOf("leader").at(0)));
}

struct Trace {
  const char* name;
  // Made as the account, in its home.
  const char* make;
  const char* remove;
  const char* told;
};

class SshTraceTest : public SshRotationTest,
                     public testing::WithParamInterface<Trace> {};

TEST_P(SshTraceTest, ATraceIsNamedAndKeepsWorkAwayUntilAnOperatorLooked) {
  const auto make = [&] {
    return MakeRestored(
        absl::StrCat("echo >>", InFolder("tries"), "; if [ -e ",
                     InFolder("bad"), " ]; then ", AsAccount(GetParam().make),
                     "; elif [ -e ", InFolder("good"), " ]; then ",
                     AsAccount(GetParam().remove), "; fi"),
        {.max_uses = 1});
  };
  auto backend = make();
  UseOnce(*backend);
  std::ofstream(InFolder("bad")) << "yes";

  const auto refused = backend->Create(HostSpec(), "e", Soon(), nullptr);
  EXPECT_EQ(ErrorReason(refused.status()), "HOST_QUARANTINED");
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr(GetParam().told),
                    HasSubstr(InFolder("ssh-host.quarantine"))));
  EXPECT_EQ(hosts_, 1);
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 1\n"));

  // Not even when the trace is gone, nor with a new life of the executor.
  std::ofstream(InFolder("good")) << "yes";
  std::filesystem::remove(InFolder("bad"));
  RunTool({"/bin/sh", "-c", AsAccount(GetParam().remove)});
  const std::size_t tries = TriesOf("tries");
  absl::SleepFor(absl::Seconds(3));
  EXPECT_EQ(ErrorReason(backend->Check(Soon())), "HOST_QUARANTINED");
  backend = nullptr;
  backend = make();
  EXPECT_EQ(
      ErrorReason(AwaitCheck(*backend, absl::StatusCode::kFailedPrecondition)),
      "HOST_QUARANTINED");
  EXPECT_EQ(TriesOf("tries"), tries);

  std::filesystem::remove(InFolder("ssh-host.quarantine"));
  EXPECT_THAT(AwaitCheck(*backend, absl::StatusCode::kOk), IsOk());
  UseOnce(*backend);
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 0\n"));
}

INSTANTIATE_TEST_SUITE_P(
    Ssh, SshTraceTest,
    testing::Values(
        Trace{"File", "echo x >left-behind", "rm -f left-behind",
              "/left-behind owner="},
        Trace{"Process", "setsid sleep 7531.5 >/dev/null 2>&1 </dev/null &",
              "pkill -x -u $(id -u) sleep || true",
              "new process sleep command=sleep_7531.5"},
        Trace{"Listener",
              "setsid python3 -c \"import os,socket,time; "
              "s=socket.create_server((\\\"127.0.0.1\\\", 0)); "
              "os.fork() and os._exit(0); time.sleep(600)\" >/dev/null 2>&1",
              "pkill -x -u $(id -u) python3 || true",
              "new listener tcp at=0100007F:"}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace airlock
