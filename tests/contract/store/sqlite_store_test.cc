#include "services/policy/store/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "services/policy/store/sqlite/migrations.h"
#include "services/policy/store/sqlite/store_check.h"
#include "tests/contract/store/sqlite_fixture.h"
#include "tests/contract/store/store_facts.h"

namespace airlock::policy {
namespace {

using airlock::v1::Execution;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

StoreMaker InAFile() {
  return [directory = std::make_shared<TemporaryDirectory>()](
             std::size_t max_kept) -> std::unique_ptr<Store> {
    auto store = SqliteStore::Open({.path = directory->path() + "/store.db",
                                    .max_kept = max_kept,
                                    .observer = {}});
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  };
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreFacts, testing::Values(InAFile));

TEST_F(SqliteStoreTest, EverythingIsThereWhenItIsOpenedAgain) {
  auto store = Open();
  Transaction transaction;
  transaction.executions = {MakeRecord("e-of-a1", Execution::STATE_RUNNING)};
  transaction.approvals = {
      MakeApproval("a1", airlock::v1::Approval::STATE_PENDING, 1)};
  transaction.settings = {{"frozen", "yes"}};
  transaction.audit = {MakeEntry("ada", "{}")};
  ASSERT_THAT(StoreCaller(*store).Commit(transaction), IsOk());
  const auto head = StoreCaller(*store).GetAuditHead();
  store = nullptr;

  store = Open();

  StoreCaller caller(*store);
  EXPECT_TRUE(Has(*store, "e-of-a1"));
  EXPECT_TRUE(caller.FindApproval("a1")->has_value());
  EXPECT_EQ(caller.LoadLive()->settings.size(), 1U);
  EXPECT_EQ(caller.GetAuditHead()->hash, head->hash);
  ASSERT_THAT(caller.Put(MakeEntry("bob")), IsOk());
  EXPECT_THAT(ActorsOf(*caller.ReadAudit(1, 10)), ElementsAre("ada", "bob"));
  EXPECT_EQ(caller.GetAuditHead()->writer, head->writer);
  EXPECT_THAT(*CheckStoreFile(path_), IsEmpty());
}

TEST_F(SqliteStoreTest, FilesAreTheirOwnersAlone) {
  const auto store = Open();
  ASSERT_THAT(Put(*store, "e1"), IsOk());

  for (const char* suffix : {"", "-wal", "-shm", ".mark"}) {
    struct stat info {};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST_F(SqliteStoreTest, SecondOneIsKeptAway) {
  auto store = Open();

  const absl::Status refused = TryOpen().status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                HasSubstr("in use by another process")));
  EXPECT_EQ(ErrorReason(refused), "STORE_IN_USE");
  store = nullptr;
  EXPECT_THAT(TryOpen(), IsOk());
}

TEST_F(SqliteStoreTest, NewerSchemaIsRefused) {
  Open();
  ASSERT_THAT(Raw().Execute("INSERT INTO schema_migrations "
                            "VALUES (1000, 'from the future', x'00', 0)"),
              IsOk());

  const absl::Status refused = TryOpen().status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(refused), "STORE_SCHEMA");
  EXPECT_THAT(refused.message(), HasSubstr("from the future"));
  EXPECT_EQ(ErrorReason(CheckStoreFile(path_).status()), "STORE_SCHEMA");
}

TEST_F(SqliteStoreTest, SchemaThatWasMadeOtherwiseIsRefused) {
  Open();
  ASSERT_THAT(Raw().Execute("UPDATE schema_migrations SET checksum = x'00'"),
              IsOk());

  EXPECT_EQ(ErrorReason(TryOpen().status()), "STORE_SCHEMA");
}

TEST_F(SqliteStoreTest, MigrationThatFailsLeavesTheOldSchema) {
  Database database = Raw();
  std::vector<Migration> migrations = Migrations();
  ASSERT_THAT(Migrate(database, migrations), IsOk());
  migrations.push_back({"good", "CREATE TABLE one (a)"});
  migrations.push_back({"bad", "CREATE TABLE two (a); nonsense"});

  EXPECT_FALSE(Migrate(database, migrations).ok());

  EXPECT_FALSE(database.Execute("SELECT * FROM one").ok());
  EXPECT_THAT(Migrate(database, Migrations()), IsOk());
}

TEST_F(SqliteStoreTest, FileThatIsNoDatabaseIsRefused) {
  std::ofstream(path_) << std::string(8192, 'x');

  const absl::Status refused = TryOpen().status();

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(ErrorReason(refused), "STORE_DAMAGED");
}

TEST_F(SqliteStoreTest, DirectoryThatIsNotThereIsRefused) {
  const auto refused =
      SqliteStore::Open({.path = "/nowhere/store.db", .observer = {}});

  EXPECT_EQ(ErrorReason(refused.status()), "STORE_UNAVAILABLE");
}

// A disk that is full, by the bound on the size of a file.
TEST_F(SqliteStoreTest, FullDiskRefusesAndRecovers) {
  std::vector<absl::Status> failures;
  StoreOptions options{.path = path_, .observer = {}};
  options.observer.on_failure = [&](const absl::Status& error) {
    failures.push_back(error);
  };
  auto store = SqliteStore::Open(options);
  StoreCaller caller(**store);
  Transaction transaction;
  transaction.executions = {MakeRecord("e1", Execution::STATE_RUNNING)};
  transaction.audit = {MakeEntry("first")};
  ASSERT_THAT(caller.Commit(transaction), IsOk());
  const auto head = caller.GetAuditHead();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  transaction.executions = {MakeRecord("e2", Execution::STATE_RUNNING)};
  transaction.audit = {MakeEntry("second")};

  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status refused = caller.Commit(transaction);
  const absl::Status again = caller.Commit(transaction);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(failures.size(), 2U);
  EXPECT_FALSE(Has(**store, "e2"));
  EXPECT_TRUE(Has(**store, "e1"));
  EXPECT_EQ(caller.GetAuditHead()->hash, head->hash);
  EXPECT_THAT(caller.Commit(transaction), IsOk());
  EXPECT_TRUE(Has(**store, "e2"));
  EXPECT_THAT(ActorsOf(*caller.ReadAudit(1, 10)),
              ElementsAre("first", "second"));
  EXPECT_THAT(*CheckStoreFile(path_), IsEmpty());
}

// Holds the writer in a completion, so that what comes meanwhile waits.
class HeldWriter {
 public:
  explicit HeldWriter(Store& store) {
    Transaction transaction;
    transaction.audit = {MakeEntry("holder")};
    store.Commit(transaction, [this](const absl::Status& /*status*/) {
      held_.Notify();
      let_go_.WaitForNotification();
    });
    held_.WaitForNotification();
  }
  void LetGo() { let_go_.Notify(); }

 private:
  absl::Notification held_;
  absl::Notification let_go_;
};

TEST_F(SqliteStoreTest, WhatWaitsBecomesOneCommit) {
  std::vector<std::size_t> groups;
  StoreOptions options{.path = path_, .observer = {}};
  options.observer.on_commit = [&](absl::Duration time, std::size_t group) {
    EXPECT_GT(time, absl::ZeroDuration());
    groups.push_back(group);
  };
  auto store = SqliteStore::Open(options);
  HeldWriter held(**store);
  std::vector<absl::Status> results;
  // The second one is refused: alone, and with its part of the audit.
  const auto state = [](int i) {
    return i == 0 ? Execution::STATE_FINISHED : Execution::STATE_RUNNING;
  };
  for (int i = 0; i < 3; ++i) {
    Transaction transaction;
    transaction.audit = {MakeEntry(absl::StrCat("actor", i))};
    transaction.executions = {MakeRecord(i < 2 ? "e1" : "e2", state(i))};
    (*store)->Commit(transaction, [&](const absl::Status& status) {
      results.push_back(status);
    });
  }
  held.LetGo();
  *store = nullptr;

  EXPECT_THAT(groups, ElementsAre(1, 3));
  ASSERT_EQ(results.size(), 3U);
  EXPECT_THAT(results[0], IsOk());
  EXPECT_THAT(results[1], StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(results[2], IsOk());
  const auto again = Open();
  EXPECT_THAT(ActorsOf(*StoreCaller(*again).ReadAudit(1, 10)),
              ElementsAre("holder", "actor0", "actor2"));
  EXPECT_THAT(*CheckStoreFile(path_), IsEmpty());
}

TEST_F(SqliteStoreTest, TooManyThatWaitAreRefused) {
  auto store = Open();
  HeldWriter held(*store);
  int refused = 0;
  std::atomic<int> committed = 0;
  for (int i = 0; i < 20'003; ++i) {
    store->Commit({}, [&](const absl::Status& status) {
      if (status.ok()) {
        ++committed;
      } else {
        EXPECT_EQ(ErrorReason(status), "STORE_OVERFULL");
        ++refused;
      }
    });
  }

  EXPECT_EQ(refused, 3);
  held.LetGo();
  store = nullptr;
  EXPECT_EQ(committed, 20'000);
}

// Between the steps of a sweep what waits is committed.
TEST_F(SqliteStoreTest, SweepDoesNotHoldUpCommits) {
  auto store = Open();
  Transaction old;
  for (int i = 0; i < 1500; ++i) {
    old.executions.push_back(
        MakeEnded(absl::StrCat("e", i), absl::UnixEpoch()));
  }
  ASSERT_THAT(StoreCaller(*store).Commit(old), IsOk());
  std::vector<std::string> order;
  const std::function<void(int)> commit = [&](int left) {
    if (left == 0) return;
    Transaction transaction;
    transaction.audit = {MakeEntry("a")};
    store->Commit(transaction, [&, left](const absl::Status& /*status*/) {
      order.push_back("commit");
      commit(left - 1);
    });
  };
  HeldWriter held(*store);
  absl::Notification swept;
  store->Forget({.executions_before = absl::InfiniteFuture()},
                [&](const absl::Status& status) {
                  EXPECT_THAT(status, IsOk());
                  order.push_back("sweep");
                  swept.Notify();
                });
  commit(6);
  held.LetGo();
  swept.WaitForNotification();

  // Three steps take all the rows, and more find nothing.
  EXPECT_THAT(order, ElementsAre("commit", "commit", "commit", "commit",
                                 "commit", "commit", "sweep"));
}

}  // namespace
}  // namespace airlock::policy
