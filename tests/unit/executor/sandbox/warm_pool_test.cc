// What waits, who gets it and what takes its place.
#include "services/executor/sandbox/warm_pool.h"

#include "tests/unit/executor/sandbox/warm_pool_fixture.h"

namespace airlock::executor {
namespace {

using testing::Each;
using testing::Field;

TEST_F(WarmPoolTest, FillsItselfWhenTheBackendIsUp) {
  Make({Target(3)});
  EXPECT_EQ(made(), 0U);

  SayUp();
  pool_->AwaitFirstFill(kWait);

  EXPECT_EQ(pool_->ready(), 3U);
  EXPECT_EQ(quota_->taken(), 3U);
}

TEST_F(WarmPoolTest, WithoutTargetsThereIsNothing) {
  Fill({});
  pool_->Tick();

  EXPECT_EQ(pool_->Claim(Spec()), nullptr);
  EXPECT_EQ(made(), 0U);
}

TEST_F(WarmPoolTest, ClaimGivesAStartedSandboxThatNobodyElseGets) {
  Fill({Target(1)});

  const auto claimed = pool_->Claim(Spec());

  ASSERT_NE(claimed, nullptr);
  EXPECT_TRUE(claimed->usable());
  EXPECT_EQ(pool_->Claim(Spec()), nullptr);
}

TEST_F(WarmPoolTest, ClaimedSandboxIsReplacedByANewOne) {
  Fill({Target(1)});
  const auto claimed = pool_->Claim(Spec());

  pool_->Tick();

  EXPECT_TRUE(AwaitReady(1));
  EXPECT_EQ(made(), 2U);
}

TEST_F(WarmPoolTest, NothingIsBegunByAClaim) {
  Fill({Target(1)});

  const auto claimed = pool_->Claim(Spec());

  // Who claimed it is about to use the processor.
  EXPECT_FALSE(backend_.WaitForLiveSandboxes(2, absl::Milliseconds(20)));
}

TEST_F(WarmPoolTest, AnyOtherLimitIsAnotherSandbox) {
  Fill({Target(1)});
  const std::vector<std::function<void(SandboxSpec&)>> changes = {
      [](SandboxSpec& spec) { spec.image = "airlock/other:1"; },
      [](SandboxSpec& spec) { --spec.memory_bytes; },
      [](SandboxSpec& spec) { --spec.cpu_millis; },
      [](SandboxSpec& spec) { --spec.pids; },
      [](SandboxSpec& spec) { --spec.workspace_bytes; },
      [](SandboxSpec& spec) { --spec.tmp_bytes; },
      [](SandboxSpec& spec) { --spec.inodes; },
      [](SandboxSpec& spec) { spec.network_mode = "bridge"; },
      [](SandboxSpec& spec) { spec.user = "65533:65534"; },
      [](SandboxSpec& spec) { spec.runtime = "runsc"; },
      [](SandboxSpec& spec) {
        spec.mounts = {{"/a", "/b", false}};
      }};

  for (const auto& change : changes) {
    SandboxSpec spec = Spec();
    change(spec);
    EXPECT_EQ(pool_->Claim(spec), nullptr);
  }
  EXPECT_NE(pool_->Claim(Spec()), nullptr);
}

TEST_F(WarmPoolTest, AnotherImageThanApprovedIsNotGiven) {
  Fill({Target(1)});
  SandboxSpec spec = Spec();
  spec.image_id = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(pool_->Claim(spec), nullptr);

  spec.image_id = backend_.ListImages({})->front().id;
  EXPECT_NE(pool_->Claim(spec), nullptr);
}

TEST_F(WarmPoolTest, WhoAlwaysPullsGetsNone) {
  Fill({Target(1)});
  SandboxSpec spec = Spec();
  spec.pull_policy = "always";
  EXPECT_EQ(pool_->Claim(spec), nullptr);

  spec.pull_policy = "never";
  EXPECT_NE(pool_->Claim(spec), nullptr) << "the image is there";
}

TEST_F(WarmPoolTest, MakesAsManyAtOnceAsAskedForAndPullsNothing) {
  backend_.HoldCreates(true);
  WarmTarget target = Target(4);
  target.refill = 2;
  Make({target});

  SayUp();
  pool_->Tick();
  pool_->Tick();

  EXPECT_TRUE(backend_.WaitForCreating(2, kWait));
  EXPECT_FALSE(backend_.WaitForCreating(3, absl::Milliseconds(20)));
  backend_.HoldCreates(false);
  ASSERT_TRUE(AwaitReady(4));
  EXPECT_THAT(backend_.created_specs(),
              Each(Field(&SandboxSpec::pull_policy, "never")));
}

TEST_F(WarmPoolTest, OldSandboxesAreReplacedOneAtATime) {
  Fill({Target(2)});
  backend_.HoldCreates(true);

  TickAfter(absl::Minutes(31));
  EXPECT_EQ(pool_->ready(), 1U);
  ASSERT_TRUE(backend_.WaitForCreating(1, kWait));
  pool_->Tick();
  EXPECT_EQ(pool_->ready(), 1U) << "the other one waits its turn";

  backend_.HoldCreates(false);
  ASSERT_TRUE(AwaitReady(2));
  pool_->Tick();
  ASSERT_TRUE(AwaitReady(2));
  EXPECT_TRUE(Await([this] { return made() == 4; }));
  TickAfter(absl::Minutes(29));
  EXPECT_EQ(pool_->ready(), 2U);
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(2, kWait));
}

TEST_F(WarmPoolTest, LostSandboxesAreNoticedAndReplaced) {
  Fill({Target(2)});
  TickAfter(absl::Seconds(5));

  backend_.LoseSandboxes();
  pool_->Tick();

  EXPECT_EQ(troubles_, 1) << "the backend may be in trouble";
  EXPECT_TRUE(AwaitReady(2));
  EXPECT_EQ(made(), 4U);
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(2, kWait)) << "nothing is left";
}

TEST_F(WarmPoolTest, LostSandboxIsNotGiven) {
  Fill({Target(2)});

  backend_.LoseSandboxes();

  EXPECT_EQ(pool_->Claim(Spec()), nullptr);
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

TEST_F(WarmPoolTest, OtherImageReplacesWhatIsMadeOfTheOldOne) {
  Fill({Target(2)});
  const std::string other = "sha256:" + std::string(64, 'b');

  backend_.SetImageId(other);
  SayUp();

  ASSERT_TRUE(AwaitReady(2));
  const auto claimed = pool_->Claim(Spec());
  ASSERT_NE(claimed, nullptr);
  EXPECT_EQ(claimed->image_id(), other);
}

TEST_F(WarmPoolTest, ImageThatWentTakesItsSandboxesAlong) {
  Fill({Target(2)});
  backend_.FailCreates(absl::NotFoundError("no such image"));

  pool_->SetBackend(true, {});

  EXPECT_EQ(pool_->Claim(Spec()), nullptr);
  EXPECT_TRUE(backend_.WaitForLiveSandboxes(0, kWait));
}

TEST_F(WarmPoolTest, ReferenceWithoutATagMeansLatest) {
  WarmTarget target = Target(1);
  target.spec.image = "airlock/sandbox";
  Fill({target});

  EXPECT_EQ(backend_.created_specs().front().image_id,
            backend_.ListImages({})->front().id);
}

TEST_F(WarmPoolTest, TargetsAreKeptApart) {
  WarmTarget other = Target(2);
  other.spec.pids = 99;
  Fill({Target(1), other});

  EXPECT_NE(pool_->Claim(Spec()), nullptr);
  EXPECT_EQ(pool_->Claim(Spec()), nullptr);
  EXPECT_NE(pool_->Claim(other.spec), nullptr);
  EXPECT_NE(pool_->Claim(other.spec), nullptr);
}

}  // namespace
}  // namespace airlock::executor
