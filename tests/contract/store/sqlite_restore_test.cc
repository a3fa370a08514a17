// How a store knows that it was put back from a copy.
#include <gmock/gmock.h>

#include <filesystem>

#include "services/policy/store_factory.h"
#include "tests/contract/store/sqlite_fixture.h"

namespace airlock::policy {
namespace {

class SqliteRestoreTest : public SqliteStoreTest {
 protected:
  // A store with one commit, closed.
  void Make() { ASSERT_THAT(Put(*Open(), "e1"), IsOk()); }
  // Puts a copy that was made before in the place of the store.
  void PutBack(const std::string& copy) const {
    for (const char* suffix : {"-wal", "-shm"}) {
      std::filesystem::remove(path_ + suffix);
    }
    std::filesystem::copy_file(
        copy, path_, std::filesystem::copy_options::overwrite_existing);
  }
  const std::string copy_ = directory_.path() + "/copy.db";
};

TEST_F(SqliteRestoreTest, NewOneIsNotRestored) {
  EXPECT_FALSE(IsRestored(*Open()));
  EXPECT_FALSE(IsRestored(*Open())) << "nothing was committed in between";
}

TEST_F(SqliteRestoreTest, OneThatWasClosedIsNotRestored) {
  Make();

  EXPECT_FALSE(IsRestored(*Open()));
}

TEST_F(SqliteRestoreTest, OneKilledRightAfterItsFirstCommitIsNotRestored) {
  const std::string left = directory_.path() + "/left";
  StoreOptions options;
  options.path = path_;
  options.failpoint = [&](CommitPoint point) {
    if (point != CommitPoint::kAfter) return;
    // What a kill leaves now.
    std::filesystem::create_directory(left);
    for (const char* suffix : {"", "-wal", "-shm", ".mark"}) {
      std::filesystem::copy_file(path_ + suffix, left + "/store.db" + suffix);
    }
  };
  {
    auto store = SqliteStore::Open(options);
    ASSERT_THAT(store, IsOk());
    ASSERT_THAT(Put(**store, "e1"), IsOk());
  }

  auto killed = SqliteStore::Open({.path = left + "/store.db", .observer = {}});
  ASSERT_THAT(killed, IsOk());
  EXPECT_TRUE(Has(**killed, "e1"));
  EXPECT_FALSE(IsRestored(**killed));
}

TEST_F(SqliteRestoreTest, OneWithoutItsMarkIsRestored) {
  Make();
  std::filesystem::remove(path_ + ".mark");

  EXPECT_TRUE(IsRestored(*Open()));
  EXPECT_TRUE(IsRestored(*Open())) << "until something is committed";
}

TEST_F(SqliteRestoreTest, OlderOneInItsPlaceIsRestored) {
  Make();
  ASSERT_THAT(BackupStore(path_, copy_), IsOk());
  ASSERT_THAT(Put(*Open(), "e2"), IsOk());
  PutBack(copy_);

  auto store = Open();
  EXPECT_FALSE(Has(*store, "e2"));
  EXPECT_TRUE(IsRestored(*store));
}

TEST_F(SqliteRestoreTest, OneAsNewAsTheMarkIsNotRestored) {
  Make();
  ASSERT_THAT(BackupStore(path_, copy_), IsOk());
  PutBack(copy_);

  EXPECT_FALSE(IsRestored(*Open())) << "nothing happened since";
}

TEST_F(SqliteRestoreTest, AnotherOneInItsPlaceIsRestored) {
  Make();
  auto other = SqliteStore::Open({.path = copy_, .observer = {}});
  for (const char* id : {"e1", "e2", "e3"}) {
    ASSERT_THAT(Put(**other, id), IsOk());
  }
  *other = nullptr;
  PutBack(copy_);

  EXPECT_TRUE(IsRestored(*Open()));
}

TEST_F(SqliteRestoreTest, FirstCommitEndsIt) {
  Make();
  std::filesystem::remove(path_ + ".mark");

  ASSERT_THAT(Put(*Open(), "e2"), IsOk());

  EXPECT_FALSE(IsRestored(*Open()));
}

TEST_F(SqliteRestoreTest, SweepDoesNotEndIt) {
  Make();
  std::filesystem::remove(path_ + ".mark");
  auto store = Open();

  ASSERT_THAT(StoreCaller(*store).Forget({}), IsOk());
  store = nullptr;

  EXPECT_TRUE(IsRestored(*Open()));
}

}  // namespace
}  // namespace airlock::policy
