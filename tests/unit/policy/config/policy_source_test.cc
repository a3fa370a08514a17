#include "services/policy/config/policy_source.h"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "services/policy/config/policy_version.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kFull[] = R"({"autonomy": {"level": "full"}})";
constexpr char kReadonly[] = R"({"autonomy": {"level": "readonly"}})";

class PolicySourceTest : public testing::Test {
 protected:
  PolicySourceTest() { Write(kFull); }

  void Write(const std::string& text) { std::ofstream(path_) << text; }

  PolicySource& Start() {
    ConfigReading reading = ReadConfigFile(path_);
    auto contract = ContractFromConfig(reading.config, reading.problems);
    source_ = std::make_unique<PolicySource>(
        reading.config, contract, FileSource(path_),
        [this](const PolicyReload& reload) { reloads_.push_back(reload); },
        clock_);
    return *source_;
  }

  AutonomyLevel Level() const {
    return source_->Current()->contract->defaults().autonomy.level;
  }

  void PollAfter(absl::Duration passed) {
    clock_.Advance(passed);
    source_->Poll();
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "airlock.json";
  FakeClock clock_;
  std::vector<PolicyReload> reloads_;
  std::unique_ptr<PolicySource> source_;
};

TEST_F(PolicySourceTest, StartsWithWhatItWasGiven) {
  const PolicySource& source = Start();

  EXPECT_EQ(Level(), AutonomyLevel::kFull);
  EXPECT_EQ(source.Current()->loaded_at, clock_.Now());
  EXPECT_EQ(source.Current()->version,
            PolicyVersionOf(ReadConfigFile(path_).config));
  EXPECT_THAT(source.reload_error(), IsEmpty());
}

TEST_F(PolicySourceTest, ReloadPutsAnotherPolicyInForce) {
  PolicySource& source = Start();
  const std::shared_ptr<const LoadedPolicy> old = source.Current();
  Write(kReadonly);
  clock_.Advance(absl::Minutes(1));

  ASSERT_THAT(source.Reload(), IsOk());

  EXPECT_EQ(Level(), AutonomyLevel::kReadonly);
  EXPECT_EQ(source.Current()->loaded_at, clock_.Now());
  ASSERT_THAT(reloads_, SizeIs(1));
  EXPECT_THAT(reloads_[0].status, IsOk());
  EXPECT_EQ(reloads_[0].old_version, old->version);
  EXPECT_EQ(reloads_[0].version, source.Current()->version);
  EXPECT_NE(reloads_[0].version, old->version);
  // Who took the old one keeps it.
  EXPECT_EQ(old->contract->defaults().autonomy.level, AutonomyLevel::kFull);
}

TEST_F(PolicySourceTest, ShowsTheSectionsThatDecideAsTheirFileHasThem) {
  Write(R"({"autonomy": {"level": "full"}, "policy": {"listen": "[::1]:1"}})");
  Start();
  EXPECT_EQ(source_->Current()->config_json, R"({
  "autonomy": {
    "level": "full"
  }
})");

  Write(kReadonly);
  ASSERT_THAT(source_->Reload(), IsOk());
  EXPECT_THAT(source_->Current()->config_json, HasSubstr("readonly"));
}

TEST_F(PolicySourceTest, InvalidFileKeepsTheOldPolicyAndSaysWhy) {
  PolicySource& source = Start();
  const std::shared_ptr<const LoadedPolicy> old = source.Current();
  for (const char* text :
       {R"({"autonomy": {"level": "ful"}})", R"({"autonomi": {}})",
        R"({"autonomy": {"level": "rea)", ""}) {
    Write(text);

    EXPECT_THAT(source.Reload(), StatusIs(absl::StatusCode::kInvalidArgument));

    EXPECT_EQ(source.Current(), old) << text;
    EXPECT_EQ(reloads_.back().version, old->version);
  }
  Write(R"({"autonomy": {"level": "ful"}})");
  source.Reload().IgnoreError();
  EXPECT_THAT(source.reload_error(), HasSubstr("autonomy.level"));
}

TEST_F(PolicySourceTest, FileThatIsGoneKeepsTheOldPolicy) {
  const PolicySource& source = Start();
  std::filesystem::remove(path_);

  PollAfter(absl::ZeroDuration());
  PollAfter(PolicySource::kSettle);

  EXPECT_EQ(Level(), AutonomyLevel::kFull);
  EXPECT_THAT(source.reload_error(), HasSubstr("cannot read"));
}

TEST_F(PolicySourceTest, NextValidFileTakesTheErrorAway) {
  PolicySource& source = Start();
  Write("{");
  source.Reload().IgnoreError();
  Write(kReadonly);

  ASSERT_THAT(source.Reload(), IsOk());

  EXPECT_THAT(source.reload_error(), IsEmpty());
}

TEST_F(PolicySourceTest, EqualContentStaysInForceSinceItWas) {
  PolicySource& source = Start();
  const std::shared_ptr<const LoadedPolicy> old = source.Current();
  Write(R"({ "autonomy" : { "level" : "full" } })");
  clock_.Advance(absl::Minutes(1));

  ASSERT_THAT(source.Reload(), IsOk());

  EXPECT_EQ(source.Current(), old);
  EXPECT_EQ(reloads_[0].old_version, reloads_[0].version);
}

TEST_F(PolicySourceTest, ChangedFileIsReadWhenItHasSettled) {
  Start();
  Write(kReadonly);

  PollAfter(absl::ZeroDuration());
  EXPECT_EQ(Level(), AutonomyLevel::kFull);
  PollAfter(PolicySource::kSettle);

  EXPECT_EQ(Level(), AutonomyLevel::kReadonly);
  PollAfter(PolicySource::kSettle);
  EXPECT_THAT(reloads_, SizeIs(1));
}

TEST_F(PolicySourceTest, FileThatIsBeingWrittenIsNotTaken) {
  Start();
  // Each part is valid, and not what the operator is about to say.
  for (const char* part :
       {"{}", R"({"autonomy": {"level": "supervised"}})", kReadonly}) {
    Write(part);
    PollAfter(PolicySource::kSettle / 2);
    EXPECT_THAT(reloads_, IsEmpty());
  }

  PollAfter(PolicySource::kSettle);

  ASSERT_THAT(reloads_, SizeIs(1));
  EXPECT_EQ(Level(), AutonomyLevel::kReadonly);
}

TEST_F(PolicySourceTest, FileReplacedByRenameIsNoticed) {
  Start();
  std::ofstream(directory_ / "new") << kReadonly;
  std::filesystem::rename(directory_ / "new", path_);

  PollAfter(absl::ZeroDuration());
  PollAfter(PolicySource::kSettle);

  EXPECT_EQ(Level(), AutonomyLevel::kReadonly);
}

TEST_F(PolicySourceTest, InvalidFileIsToldOfOnce) {
  Start();
  Write("{");
  PollAfter(absl::ZeroDuration());
  for (int i = 0; i < 5; ++i) PollAfter(PolicySource::kSettle);

  EXPECT_THAT(reloads_, SizeIs(1));
}

TEST_F(PolicySourceTest, WhatWasAskedForComesWithTheNextPoll) {
  PolicySource& source = Start();
  Write(kReadonly);

  source.AskReload();
  EXPECT_EQ(Level(), AutonomyLevel::kFull);
  source.Poll();

  EXPECT_EQ(Level(), AutonomyLevel::kReadonly);
  PollAfter(PolicySource::kSettle);
  PollAfter(PolicySource::kSettle);
  EXPECT_THAT(reloads_, SizeIs(1));
}

TEST_F(PolicySourceTest, WhatTakesEffectOnlyAtAStartIsNamed) {
  PolicySource& source = Start();
  Write(R"({"autonomy": {"level": "readonly"},
            "sandbox": {"timeout": 5, "warmPool": {"size": 1}},
            "gateway": {"maxCallsPerSecond": 5},
            "policy": {"maxQueued": 5}})");

  ASSERT_THAT(source.Reload(), IsOk());

  EXPECT_EQ(Level(), AutonomyLevel::kReadonly);
  EXPECT_THAT(reloads_[0].need_restart,
              ElementsAre("sandbox.warmPool", "gateway", "policy"));
}

TEST_F(PolicySourceTest, WithoutAFileThereIsNothingToReload) {
  PolicySource source(
      {},
      std::make_shared<const Contract>(AgentContract{},
                                       std::map<std::string, AgentContract>{}),
      {}, nullptr, clock_);

  EXPECT_THAT(source.Reload(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_NE(source.Current()->contract, nullptr);
}

TEST_F(PolicySourceTest, ReadersSeeOneWholePolicyWhileItIsReplaced) {
  PolicySource& source = Start();
  const std::string full = source.Current()->version;
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::thread reader([&] {
    while (!stop) {
      const auto policy = source.Current();
      const bool is_full =
          policy->contract->defaults().autonomy.level == AutonomyLevel::kFull;
      if (is_full != (policy->version == full)) ++torn;
    }
  });
  for (int i = 0; i < 50; ++i) {
    Write(i % 2 == 0 ? kReadonly : kFull);
    EXPECT_THAT(source.Reload(), IsOk());
  }
  stop = true;
  reader.join();

  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace airlock::policy
