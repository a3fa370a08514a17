#include "services/policy/store_factory.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/status/error.h"
#include "tests/contract/store/sqlite_fixture.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::Execution;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreFactoryTest : public SqliteStoreTest {
 protected:
  // A store with some of everything in it.
  void Fill(Store& store) {
    Transaction transaction;
    transaction.executions = {MakeRecord("e-of-a1", Execution::STATE_RUNNING)};
    transaction.approvals = {MakeApproval("a1", Approval::STATE_APPROVED, 1)};
    transaction.sessions = {
        MakeSession("s1", "main", airlock::v1::Session::STATE_OPEN)};
    transaction.audit = {MakeEntry("a", "{}"), MakeEntry("b", "{}"),
                         MakeEntry("c")};
    ASSERT_THAT(StoreCaller(store).Commit(transaction), IsOk());
  }
  // What is found after `sql` was done to a good store.
  std::vector<std::string> FindingsAfter(const std::string& sql) {
    auto store = Open();
    Fill(*store);
    store = nullptr;
    EXPECT_THAT(*CheckStore(path_), IsEmpty());
    EXPECT_THAT(Raw().Execute("PRAGMA foreign_keys=OFF; " + sql), IsOk());
    return *CheckStore(path_);
  }

  const std::string copy_ = directory_.path() + "/copy.db";
};

TEST_F(StoreFactoryTest, WithoutAPathItIsInMemory) {
  auto store = OpenStore({.path = "", .max_kept = 10, .observer = {}});

  ASSERT_THAT(store, IsOk());
  Fill(**store);
  EXPECT_TRUE(Has(**store, "e-of-a1"));
}

TEST_F(StoreFactoryTest, WithAPathItIsInAFile) {
  ASSERT_THAT(Put(**OpenStore({.path = path_, .observer = {}}), "e1"), IsOk());

  EXPECT_TRUE(Has(**OpenStore({.path = path_, .observer = {}}), "e1"));
}

TEST_F(StoreFactoryTest, BackupIsTheStoreWhileItIsInUse) {
  auto store = Open();
  Fill(*store);

  ASSERT_THAT(BackupStore(path_, copy_), IsOk());
  ASSERT_THAT(Put(*store, "later"), IsOk());

  EXPECT_THAT(*CheckStore(copy_), IsEmpty());
  struct stat info {};
  ASSERT_EQ(::stat(copy_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  auto copy = OpenStore({.path = copy_, .observer = {}});
  ASSERT_THAT(copy, IsOk());
  EXPECT_TRUE(Has(**copy, "e-of-a1"));
  EXPECT_FALSE(Has(**copy, "later"));
  EXPECT_TRUE(IsRestored(**copy));
}

TEST_F(StoreFactoryTest, BackupOverwritesNothing) {
  auto store = Open();
  for (const char* suffix : {"", "-wal", ".mark"}) {
    std::ofstream(copy_ + suffix) << "mine";

    const absl::Status refused = BackupStore(path_, copy_);

    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kAlreadyExists,
                                  HasSubstr(copy_ + suffix)));
    std::string text;
    std::ifstream(copy_ + suffix) >> text;
    EXPECT_EQ(text, "mine");
    std::filesystem::remove(copy_ + suffix);
  }
}

TEST_F(StoreFactoryTest, BackupThatFailsLeavesNothing) {
  std::filesystem::create_directory(directory_.path() + "/out");
  std::ofstream(path_) << std::string(8192, 'x');

  EXPECT_THAT(BackupStore(path_, directory_.path() + "/out/copy.db"),
              StatusIs(absl::StatusCode::kDataLoss));

  EXPECT_TRUE(std::filesystem::is_empty(directory_.path() + "/out"));
}

TEST_F(StoreFactoryTest, StoreThatIsNotThereIsNotMade) {
  EXPECT_THAT(BackupStore(path_, copy_), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(CheckStore(path_), StatusIs(absl::StatusCode::kNotFound));

  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(StoreFactoryTest, CheckWorksWhileTheStoreIsInUse) {
  auto store = Open();
  Fill(*store);

  EXPECT_THAT(*CheckStore(path_), IsEmpty());
}

TEST_F(StoreFactoryTest, PayloadsThatWereForgottenAreNoFinding) {
  EXPECT_THAT(FindingsAfter("DELETE FROM audit_payloads WHERE sequence = 1"),
              IsEmpty());
}

TEST_F(StoreFactoryTest, DamagedPageIsFound) {
  auto store = Open();
  Fill(*store);
  store = nullptr;
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(path_);
    for (std::uintmax_t page = 1; page < size / 4096; ++page) {
      file.seekp(static_cast<std::streamoff>(page * 4096));
      file << std::string(64, '\xee');
    }
  }

  EXPECT_THAT(*CheckStore(path_), Contains(HasSubstr("malformed")));
  EXPECT_THAT(TryOpen(), StatusIs(absl::StatusCode::kDataLoss));
}

// What was done to a good store, and what is said about it.
struct Tampering {
  const char* sql;
  const char* finding;
};

class StoreTamperingTest : public StoreFactoryTest,
                           public testing::WithParamInterface<Tampering> {};

TEST_P(StoreTamperingTest, IsFound) {
  EXPECT_THAT(FindingsAfter(GetParam().sql),
              ElementsAre(HasSubstr(GetParam().finding)));
}

INSTANTIATE_TEST_SUITE_P(
    All, StoreTamperingTest,
    testing::Values(
        Tampering{"UPDATE audit SET record = x'00' WHERE sequence = 3",
                  "record 3: its hash is not that of its bytes"},
        Tampering{"UPDATE audit SET agent = 'eve' WHERE sequence = 2",
                  "record 2: its row says otherwise"},
        Tampering{"UPDATE audit SET time = 0 WHERE sequence = 2",
                  "record 2: its row says otherwise"},
        Tampering{"UPDATE audit SET outcome = 'allow' WHERE sequence = 2",
                  "record 2: its row says otherwise"},
        Tampering{"UPDATE audit_payloads SET payload = x'00' "
                  "WHERE sequence = 2",
                  "record 2: its payload"},
        Tampering{"INSERT INTO audit_payloads VALUES (3, x'00')",
                  "record 3: its payload"},
        Tampering{"DELETE FROM audit WHERE sequence = 3",
                  "the audit ends with record 2"},
        Tampering{"DELETE FROM audit_payloads; "
                  "DELETE FROM audit WHERE sequence = 2",
                  "record 3: records from 2 on are missing"},
        Tampering{"UPDATE meta SET audit_sequence = 2",
                  "the store says that it ends with 2"},
        Tampering{"DELETE FROM executions; DELETE FROM specs; "
                  "DELETE FROM outputs",
                  "approval a1: there is no execution e-of-a1"},
        Tampering{"UPDATE executions SET execution = x'ff'",
                  "execution e-of-a1 cannot be read"},
        Tampering{"UPDATE executions SET ended = 1",
                  "execution e-of-a1: its row says otherwise"},
        Tampering{"UPDATE outputs SET output = x'ff'",
                  "output of execution e-of-a1 cannot be read"},
        Tampering{"UPDATE approvals SET state = 1",
                  "approval a1: its row says otherwise"},
        Tampering{"UPDATE sessions SET agent = 'eve'",
                  "session s1: its row says otherwise"},
        Tampering{"UPDATE specs SET number = 77", "table specs, row 77"}));

TEST_F(StoreFactoryTest, SwappedRecordsAreFound) {
  EXPECT_THAT(
      FindingsAfter("DELETE FROM audit_payloads; "
                    "UPDATE audit SET sequence = 99 WHERE sequence = 1; "
                    "UPDATE audit SET sequence = 1 WHERE sequence = 2; "
                    "UPDATE audit SET sequence = 2 WHERE sequence = 99"),
      Contains(HasSubstr("record 1: it stands under another number")));
}

// The hash of the bytes goes with them, but not the one in the next record.
TEST_F(StoreFactoryTest, RecordThatIsNotFollowedIsFound) {
  EXPECT_THAT(
      FindingsAfter("UPDATE audit SET hash = zeroblob(32) WHERE sequence = 2"),
      ElementsAre(HasSubstr("record 2: its hash"),
                  HasSubstr("record 3: it does not follow")));
}

TEST_F(StoreFactoryTest, RecordOfAnotherWriterIsFound) {
  EXPECT_THAT(FindingsAfter("UPDATE meta SET writer = 'other'"),
              Contains(HasSubstr("record 1: it is of another writer")));
}

}  // namespace
}  // namespace airlock::policy
