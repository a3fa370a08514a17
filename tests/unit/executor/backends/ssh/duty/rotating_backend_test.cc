// When a host is made new, and that nothing runs there before it is.
#include "services/executor/backends/ssh/duty/rotating_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/watchdog.h"
#include "tests/unit/executor/backends/ssh/duty/told_hosts.h"

namespace airlock::executor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr absl::Duration kMoment = absl::Milliseconds(150);

class RotatingBackendTest : public testing::Test {
 protected:
  RotatingBackend& Start(RotationOptions options, bool renewed = true) {
    options.first_retry = retry_;
    backend_ = std::make_unique<RotatingBackend>(
        options, [this] { return std::make_unique<ToldBackend>(hosts_); },
        renewed ? std::make_unique<ToldRenewal>(hosts_, script_) : nullptr,
        clock_, metrics_);
    return *backend_;
  }
  absl::StatusOr<std::unique_ptr<Sandbox>> Create(
      const std::string& execution = "e", absl::Time deadline = Soon()) {
    return backend_->Create(SandboxSpec(), execution, deadline, nullptr);
  }
  void UseOnce() {
    const auto sandbox = Create();
    ASSERT_THAT(sandbox, IsOk());
    (*sandbox)->Run({}, std::make_shared<Recorder>());
    (*sandbox)->Destroy(Soon()).IgnoreError();
  }
  void SetRenewed(const absl::Status& status) {
    absl::MutexLock lock(&script_.mutex);
    script_.renewed = status;
  }
  void SetMay(const absl::Status& status) {
    absl::MutexLock lock(&script_.mutex);
    script_.may = status;
  }
  void Hold(bool held) {
    absl::MutexLock lock(&script_.mutex);
    script_.held = held;
  }
  bool AwaitHosts(int count) {
    return Await([&] { return hosts_.made == count; });
  }
  bool AwaitCheck(const std::string& reason) {
    return Await(
        [&] { return ErrorReason(backend_->Check(Soon())) == reason; });
  }
  // Whether a new host comes although nothing calls for one.
  bool StaysAt(int count) {
    absl::SleepFor(kMoment);
    return hosts_.made == count && backend_->Check(Soon()).ok();
  }
  std::string Metrics() const {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

  const Watchdog watchdog_{absl::Seconds(30)};
  Hosts hosts_;
  ToldRenewal::Script script_;
  FakeClock clock_;
  prometheus::Registry registry_;
  ExecutorMetrics metrics_{registry_};
  absl::Duration retry_ = absl::Milliseconds(20);
  std::unique_ptr<RotatingBackend> backend_;
};

TEST_F(RotatingBackendTest, TheOldHostIsLeftBeforeTheNewOneIsMade) {
  Start({.max_uses = 1});
  UseOnce();
  UseOnce();

  EXPECT_THAT(hosts_.Heard(), ElementsAre("renew start", "host 1", "left",
                                          "renew uses", "host 2"));
  EXPECT_THAT(Metrics(), Not(HasSubstr("reason=\"start\"")))
      << "a host that begins is not made new";
}

TEST_F(RotatingBackendTest, WithoutARenewalTheFirstHostIsThereAtOnce) {
  Start({.max_uses = 1}, /*renewed=*/false);
  EXPECT_THAT(backend_->Check(Soon()), IsOk());
  UseOnce();
  UseOnce();

  EXPECT_THAT(hosts_.Heard(), ElementsAre("host 1", "left", "host 2"));
}

TEST_F(RotatingBackendTest, UsesAreCountedUpToTheMost) {
  Start({.max_uses = 3});
  for (int i = 0; i < 3; ++i) UseOnce();
  EXPECT_TRUE(StaysAt(1));

  UseOnce();
  EXPECT_EQ(hosts_.made, 2);
  for (int i = 0; i < 2; ++i) UseOnce();
  EXPECT_EQ(hosts_.made, 2);
  UseOnce();
  EXPECT_EQ(hosts_.made, 3);
}

TEST_F(RotatingBackendTest, WithoutABoundThereIsNone) {
  Start({});
  for (int i = 0; i < 50; ++i) UseOnce();
  clock_.Advance(absl::Hours(10'000));

  EXPECT_TRUE(StaysAt(1));
}

TEST_F(RotatingBackendTest, AHostIsAsOldAsItIs) {
  Start({.max_age = absl::Hours(1)});
  UseOnce();
  clock_.Advance(absl::Hours(1) - absl::Seconds(1));
  EXPECT_TRUE(StaysAt(1));

  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(AwaitHosts(2)) << "nobody has to ask";
  EXPECT_THAT(backend_->Check(Soon()), IsOk());
  clock_.Advance(absl::Hours(1) - absl::Seconds(1));
  EXPECT_TRUE(StaysAt(2)) << "its age begins anew";
  EXPECT_THAT(Metrics(), HasSubstr("host_rotations_total{reason=\"age\"} 1"));
}

TEST_F(RotatingBackendTest, WhatCouldNotBeRemovedCostsTheHost) {
  Start({});
  {
    absl::MutexLock lock(&hosts_.mutex);
    hosts_.destroy = absl::DeadlineExceededError("stuck");
  }
  UseOnce();

  EXPECT_TRUE(AwaitHosts(2));
  EXPECT_THAT(hosts_.Heard(), testing::Contains("renew failure"));
  EXPECT_TRUE(AwaitCheck(""));
  EXPECT_THAT(Metrics(),
              HasSubstr("host_rotations_total{reason=\"failure\"} 1"));
}

TEST_F(RotatingBackendTest, WhatMakesNoSenseCostsTheHost) {
  Start({});
  ASSERT_TRUE(AwaitCheck(""));
  {
    absl::MutexLock lock(&hosts_.mutex);
    hosts_.create = absl::DataLossError("nonsense");
  }
  EXPECT_FALSE(Create().ok());

  EXPECT_TRUE(AwaitHosts(2));
  EXPECT_THAT(hosts_.Heard(), testing::Contains("renew failure"));
}

TEST_F(RotatingBackendTest, ASandboxThatIsRefusedCostsNothing) {
  Start({});
  ASSERT_TRUE(AwaitCheck(""));
  {
    absl::MutexLock lock(&hosts_.mutex);
    hosts_.create = absl::UnavailableError("busy");
  }
  EXPECT_FALSE(Create().ok());

  EXPECT_TRUE(StaysAt(1));
}

TEST_F(RotatingBackendTest, AHostLostWithWhatRanIsMadeNew) {
  Start({});
  {
    absl::MutexLock lock(&hosts_.mutex);
    hosts_.ended_by = EndedBy::kOutcomeUnknown;
  }
  UseOnce();

  EXPECT_TRUE(AwaitHosts(2));
  EXPECT_THAT(hosts_.Heard(), testing::Contains("renew failure"));
}

TEST_F(RotatingBackendTest, AProcessThatFailsCostsNothing) {
  Start({});
  for (const EndedBy ended_by :
       {EndedBy::kExited, EndedBy::kSignaled, EndedBy::kSandboxFailed}) {
    {
      absl::MutexLock lock(&hosts_.mutex);
      hosts_.ended_by = ended_by;
    }
    UseOnce();
  }

  EXPECT_TRUE(StaysAt(1));
}

TEST_F(RotatingBackendTest, ItHearsWhatThereIsToHear) {
  Start({});
  const auto sandbox = Create();
  ASSERT_THAT(sandbox, IsOk());
  const auto recorder = std::make_shared<Recorder>();
  (*sandbox)->Run({}, recorder);

  EXPECT_EQ(recorder->heard(), "started said 7 ended");
}

TEST_F(RotatingBackendTest, OneThatIsNeverDestroyedGivesItsPlaceBack) {
  Start({.max_uses = 1});
  { const auto sandbox = Create(); }
  UseOnce();

  EXPECT_EQ(hosts_.made, 2);
}

TEST_F(RotatingBackendTest, WhatIsDestroyedTwiceCountsOnce) {
  Start({.max_age = absl::Hours(1)});
  const auto stays = Create();
  {
    const auto goes = Create();
    ASSERT_THAT(goes, IsOk());
    EXPECT_THAT((*goes)->Destroy(Soon()), IsOk());
    EXPECT_THAT((*goes)->Destroy(Soon()), IsOk());
  }
  clock_.Advance(absl::Hours(1));

  EXPECT_EQ(ErrorReason(backend_->Check(Soon())), "HOST_BUSY");
  absl::SleepFor(kMoment);
  EXPECT_THAT(hosts_.Heard(), ElementsAre("renew start", "host 1"))
      << "one is at work";
}

TEST_F(RotatingBackendTest, AHostIsNotMadeNewUnderWhatIsThere) {
  Start({.max_age = absl::Hours(1)});
  auto works = Create();
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(ErrorReason(backend_->Check(Soon())), "HOST_BUSY");
  absl::SleepFor(kMoment);
  EXPECT_EQ(hosts_.made, 1);

  *works = nullptr;

  EXPECT_TRUE(AwaitHosts(2));
}

TEST_F(RotatingBackendTest, LooksAreNoUses) {
  Start({.max_uses = 1});
  UseOnce();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(backend_->Check(Soon()), IsOk()) << "it waits to be used";
  }

  EXPECT_TRUE(StaysAt(1));
}

TEST_F(RotatingBackendTest, AFailedCreateGivesItsPlaceBack) {
  Start({.max_age = absl::Hours(1)});
  ASSERT_TRUE(AwaitCheck(""));
  {
    absl::MutexLock lock(&hosts_.mutex);
    hosts_.create = absl::UnavailableError("busy");
  }
  EXPECT_FALSE(Create().ok());
  clock_.Advance(absl::Hours(1));

  EXPECT_TRUE(AwaitHosts(2));
}

TEST_F(RotatingBackendTest, WithSessionsOneAtATimeAndThenANewHost) {
  Start({.every_session = true});
  {
    const auto first = Create();
    ASSERT_THAT(first, IsOk());
    EXPECT_EQ(ErrorReason(Create("b", absl::Now() + kMoment).status()),
              "HOST_BUSY");
    EXPECT_THAT(backend_->Check(Soon()), IsOk());
    EXPECT_THAT((*first)->Destroy(Soon()), IsOk());
  }

  EXPECT_TRUE(AwaitHosts(2));
  EXPECT_THAT(hosts_.Heard(), testing::Contains("renew session"));
}

TEST_F(RotatingBackendTest, ToTryLimitsIsNoUse) {
  Start({.max_uses = 1, .every_session = true});
  for (int i = 0; i < 3; ++i) {
    const auto tried = Create(std::string(kSelfTestExecution));
    ASSERT_THAT(tried, IsOk());
    EXPECT_THAT((*tried)->Destroy(Soon()), IsOk());
  }

  EXPECT_TRUE(StaysAt(1));
}

TEST_F(RotatingBackendTest, OneThatOnlyWaitsMakesRoomAndOneAtWorkDoesNot) {
  Start({.max_age = absl::Hours(1)});
  const auto waits = Create("");
  const auto works = Create();
  ASSERT_THAT(waits, IsOk());
  ASSERT_THAT(works, IsOk());
  (*works)->Run({}, std::make_shared<Recorder>());
  EXPECT_TRUE((*waits)->usable());

  clock_.Advance(absl::Hours(1));

  EXPECT_EQ(ErrorReason(backend_->Check(Soon())), "HOST_BUSY");
  EXPECT_FALSE((*waits)->usable());
  EXPECT_TRUE((*works)->usable());
}

TEST_F(RotatingBackendTest, WhileAHostIsMadeNewNothingBegins) {
  Hold(true);
  Start({});

  const auto early = Create("e", absl::Now() + kMoment);
  EXPECT_EQ(ErrorReason(early.status()), "HOST_BUSY");
  EXPECT_EQ(hosts_.made, 0);
  std::thread work([&] { UseOnce(); });
  Hold(false);
  work.join();
  EXPECT_EQ(hosts_.made, 1);
}

TEST_F(RotatingBackendTest, AnswersComeFromTheHost) {
  Start({});
  ASSERT_TRUE(AwaitCheck(""));

  EXPECT_EQ(backend_->ListImages(Soon())->size(), 1U);
  EXPECT_EQ(*backend_->RemoveLeftovers(Soon()), 3);
}

TEST_F(RotatingBackendTest, AHostThatCannotBeMadeNewGetsNothing) {
  SetRenewed(absl::AbortedError("no pool"));
  Start({});

  ASSERT_TRUE(AwaitCheck("HOST_QUARANTINED"));
  EXPECT_THAT(std::string(backend_->Check(Soon()).message()),
              HasSubstr("no pool"));
  const auto refused = Create("e", absl::InfiniteFuture());
  EXPECT_EQ(ErrorReason(refused.status()), "HOST_QUARANTINED");
  EXPECT_FALSE(backend_->ListImages(Soon()).ok());
  EXPECT_FALSE(backend_->RemoveLeftovers(Soon()).ok());
  EXPECT_EQ(hosts_.made, 0);
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 1\n"));
  EXPECT_THAT(Metrics(), Not(HasSubstr("host_restore_failures_total 0")));
}

TEST_F(RotatingBackendTest, ItIsTriedAgainUntilItIsNew) {
  SetRenewed(absl::AbortedError("no pool"));
  Start({});
  ASSERT_TRUE(Await([&] { return hosts_.Heard().size() >= 3; }));

  SetRenewed(absl::OkStatus());

  EXPECT_TRUE(AwaitCheck(""));
  UseOnce();
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 0\n"));
}

TEST_F(RotatingBackendTest, AQuarantineThatIsOverIsForgotten) {
  SetRenewed(absl::AbortedError("no pool"));
  Start({.max_age = absl::Hours(1)});
  ASSERT_TRUE(AwaitCheck("HOST_QUARANTINED"));
  SetRenewed(absl::OkStatus());
  ASSERT_TRUE(AwaitCheck(""));
  const auto works = Create();
  ASSERT_THAT(works, IsOk());

  clock_.Advance(absl::Hours(1));

  EXPECT_EQ(ErrorReason(backend_->Check(Soon())), "HOST_BUSY");
  EXPECT_EQ(ErrorReason(Create("e", absl::Now() + kMoment).status()),
            "HOST_BUSY");
}

TEST_F(RotatingBackendTest, TriesThatFailBecomeFewer) {
  retry_ = absl::Seconds(60);
  SetRenewed(absl::AbortedError("no pool"));
  Start({});
  ASSERT_TRUE(AwaitCheck("HOST_QUARANTINED"));

  absl::SleepFor(absl::Milliseconds(1500));
  EXPECT_THAT(hosts_.Heard(), ElementsAre("renew start"));
}

TEST_F(RotatingBackendTest, WhatWaitsForAnOperatorIsNotTried) {
  SetMay(MakeError(absl::StatusCode::kFailedPrecondition, "HOST_NOT_CLEAN",
                   "new file /tmp/x"));
  Start({});

  ASSERT_TRUE(AwaitCheck("HOST_QUARANTINED"));
  EXPECT_THAT(std::string(backend_->Check(Soon()).message()),
              HasSubstr("new file /tmp/x"));
  ASSERT_TRUE(Await([&] { return script_.asked >= 3; })) << "it looks again";
  EXPECT_THAT(hosts_.Heard(), IsEmpty());
  EXPECT_EQ(ErrorReason(Create("e", absl::InfiniteFuture()).status()),
            "HOST_QUARANTINED");
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 1\n"));

  SetMay(absl::OkStatus());
  EXPECT_TRUE(AwaitCheck(""));
  UseOnce();
  EXPECT_THAT(Metrics(), HasSubstr("_host_quarantined 0\n"));
}

TEST_F(RotatingBackendTest, WhoWaitsHearsOfAQuarantineAtOnce) {
  Hold(true);
  SetRenewed(absl::AbortedError("no pool"));
  Start({});
  absl::Status heard;
  std::thread waits(
      [&] { heard = Create("e", absl::InfiniteFuture()).status(); });

  Hold(false);
  waits.join();

  EXPECT_EQ(ErrorReason(heard), "HOST_QUARANTINED");
}

TEST_F(RotatingBackendTest, StoppingEndsARenewalAndWhoWaits) {
  Hold(true);
  Start({});
  ASSERT_TRUE(Await([&] { return !hosts_.Heard().empty(); }));

  backend_ = nullptr;

  EXPECT_THAT(hosts_.Heard(), ElementsAre("renew start")) << "and no new host";
}

}  // namespace
}  // namespace airlock::executor
