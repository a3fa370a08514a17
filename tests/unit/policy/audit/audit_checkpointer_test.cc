#include "services/policy/audit/audit_checkpointer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/audit_chain/audit_ndjson.h"
#include "common/audit_chain/checkpoint.h"
#include "common/status/error.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::policy {
namespace {

using airlock::v1::AuditCheckpoint;
using ::testing::ElementsAre;
using ::testing::SizeIs;

// A store as it is told to be.
class ScriptedStore final : public Store {
 public:
  AuditHead head;
  std::vector<airlock::v1::SealedAuditRecord> records;
  absl::Status error;

  void GetAuditHead(Done<AuditHead> done) override {
    if (!error.ok()) {
      done(error);
    } else {
      done(head);
    }
  }
  void ReadAudit(
      std::uint64_t, int,
      Done<std::vector<airlock::v1::SealedAuditRecord>> done) override {
    done(records);
  }
  void Commit(Transaction, CommitDone done) override { done(error); }
  void LoadLive(absl::Time, Done<LiveState> done) override { done(error); }
  void Find(absl::string_view, FindDone done) override { done(error); }
  void FindRequest(absl::string_view, absl::string_view,
                   FindDone done) override {
    done(error);
  }
  void List(const ExecutionQuery&, ListDone done) override { done(error); }
  void ReadHistory(const ExecutionQuery&, HistoryParts,
                   Done<HistoryPage> done) override {
    done(error);
  }
  void FindApproval(absl::string_view, FindApprovalDone done) override {
    done(error);
  }
  void ListApprovals(const ApprovalQuery&, Done<ApprovalPage> done) override {
    done(error);
  }
  void ListAudit(const AuditQuery&, Done<AuditPage> done) override {
    done(error);
  }
  void Forget(const Retention&, CommitDone done) override { done(error); }
};

class AuditCheckpointerTest : public testing::Test {
 protected:
  AuditCheckpointerTest() { store_.head = HeadAt(0, "w1"); }

  static AuditHead HeadAt(std::uint64_t sequence, const std::string& writer) {
    return {writer, sequence, std::string(32, static_cast<char>(sequence))};
  }

  // As after a start of the service.
  std::unique_ptr<AuditCheckpointer> MakeCheckpointer() {
    return std::make_unique<AuditCheckpointer>(
        store_, key_, clock_, path_,
        CheckpointObserver{
            [this](absl::Time time) { signed_at_.push_back(time); },
            [this] { ++failures_; }});
  }

  std::vector<AuditCheckpoint> InFile() {
    std::vector<AuditCheckpoint> checkpoints;
    std::ifstream file(path_);
    for (std::string line; std::getline(file, line);) {
      const absl::StatusOr<AuditItem> item = ParseAuditLine(line);
      EXPECT_THAT(item, IsOk());
      if (item.ok()) checkpoints.push_back(std::get<AuditCheckpoint>(*item));
    }
    return checkpoints;
  }

  // Has a checkpoint of record 5 made, as by an earlier run.
  void CheckpointRecordFive() {
    store_.head = HeadAt(5, "w1");
    ASSERT_THAT(MakeCheckpointer()->Checkpoint(), IsOk());
  }

  std::string ReasonAtStart() {
    return ErrorReason(MakeCheckpointer()->CompareWithStore());
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "checkpoints";
  ScriptedStore store_;
  SigningKey key_ = SigningKey::Generate();
  FakeClock clock_;
  std::vector<absl::Time> signed_at_;
  int failures_ = 0;
};

TEST_F(AuditCheckpointerTest, SignsHowFarTheChainHasCome) {
  const auto checkpointer = MakeCheckpointer();
  store_.head = HeadAt(5, "w1");

  ASSERT_THAT(checkpointer->Checkpoint(), IsOk());

  ASSERT_THAT(InFile(), SizeIs(1));
  EXPECT_EQ(InFile().front().writer(), "w1");
  EXPECT_EQ(InFile().front().sequence(), 5U);
  EXPECT_EQ(InFile().front().hash(), store_.head.hash);
  std::vector<VerifyKey> keys;
  keys.push_back(key_.verify_key());
  EXPECT_THAT(VerifyCheckpoint(keys, InFile().front()), IsOk());
  EXPECT_THAT(signed_at_, ElementsAre(clock_.Now()));
  EXPECT_EQ(failures_, 0);
}

TEST_F(AuditCheckpointerTest, AChainThatStandsStillNeedsOneCheckpoint) {
  const auto checkpointer = MakeCheckpointer();
  ASSERT_THAT(checkpointer->Checkpoint(), IsOk());
  EXPECT_THAT(InFile(), SizeIs(0));
  store_.head = HeadAt(5, "w1");
  ASSERT_THAT(checkpointer->Checkpoint(), IsOk());
  ASSERT_THAT(checkpointer->Checkpoint(), IsOk());
  EXPECT_THAT(InFile(), SizeIs(1));

  store_.head = HeadAt(6, "w1");
  ASSERT_THAT(checkpointer->Checkpoint(), IsOk());

  EXPECT_THAT(InFile(), SizeIs(2));
}

TEST_F(AuditCheckpointerTest, AFailureIsToldAndTriedAgain) {
  const auto checkpointer = MakeCheckpointer();
  store_.head = HeadAt(5, "w1");
  store_.error = absl::UnavailableError("the disk is full");
  EXPECT_THAT(checkpointer->Checkpoint(),
              StatusIs(absl::StatusCode::kUnavailable, "the disk is full"));
  EXPECT_EQ(failures_, 1);

  store_.error = absl::OkStatus();
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(checkpointer->Checkpoint().ok());
  EXPECT_EQ(failures_, 2);
  EXPECT_THAT(signed_at_, SizeIs(0));

  std::filesystem::remove(path_);
  EXPECT_THAT(checkpointer->Checkpoint(), IsOk());
  EXPECT_THAT(InFile(), SizeIs(1));
}

TEST_F(AuditCheckpointerTest, AStoreThatGoesOnIsGood) {
  EXPECT_THAT(MakeCheckpointer()->CompareWithStore(), IsOk());
  CheckpointRecordFive();
  store_.head = HeadAt(9, "w1");
  airlock::v1::SealedAuditRecord sealed;
  sealed.set_hash(HeadAt(5, "w1").hash);
  store_.records = {sealed};

  EXPECT_THAT(MakeCheckpointer()->CompareWithStore(), IsOk());
  EXPECT_EQ(failures_, 0);
}

TEST_F(AuditCheckpointerTest, AStoreThatIsBehindIsToldAtStart) {
  CheckpointRecordFive();
  store_.head = HeadAt(4, "w1");

  EXPECT_EQ(ReasonAtStart(), "AUDIT_STORE_BEHIND");
  EXPECT_EQ(failures_, 1);
}

TEST_F(AuditCheckpointerTest, AStoreWithAnotherRecordIsToldAtStart) {
  CheckpointRecordFive();
  airlock::v1::SealedAuditRecord sealed;
  sealed.set_hash(std::string(32, 'x'));
  store_.records = {sealed};
  EXPECT_EQ(ReasonAtStart(), "AUDIT_CHAIN_CHANGED");

  store_.records.clear();
  EXPECT_EQ(ReasonAtStart(), "AUDIT_CHAIN_CHANGED");
}

TEST_F(AuditCheckpointerTest, AnotherStoreIsToldAtStart) {
  CheckpointRecordFive();
  store_.head = HeadAt(9, "w2");

  EXPECT_EQ(ReasonAtStart(), "AUDIT_OTHER_STORE");
}

TEST_F(AuditCheckpointerTest, AFileThatCannotBeReadIsToldAtStart) {
  std::ofstream(path_) << "nonsense\n";

  EXPECT_THAT(MakeCheckpointer()->CompareWithStore(),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(failures_, 1);
}

}  // namespace
}  // namespace airlock::policy
