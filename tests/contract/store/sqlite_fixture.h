// A store in a file of its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/sqlite/sqlite_store.h"
#include "tests/contract/store/store_caller.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temporary_directory.h"

namespace airlock::policy {

class SqliteStoreTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SqliteStore>> TryOpen() {
    return SqliteStore::Open({.path = path_, .max_kept = 1000, .observer = {}});
  }
  std::unique_ptr<SqliteStore> Open() {
    auto store = TryOpen();
    EXPECT_THAT(store, IsOk());
    return *std::move(store);
  }
  static absl::Status Put(Store& store, const std::string& id) {
    return StoreCaller(store).Put(
        MakeRecord(id, airlock::v1::Execution::STATE_RUNNING));
  }
  static bool Has(Store& store, const std::string& id) {
    return StoreCaller(store).Find(id)->has_value();
  }
  static bool IsRestored(Store& store) {
    return StoreCaller(store).LoadLive()->restored;
  }
  // A connection past the store.
  Database Raw() {
    auto database = Database::Open(path_, Database::Mode::kReadWrite);
    EXPECT_THAT(database, IsOk());
    return *std::move(database);
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/store.db";
};

}  // namespace airlock::policy
