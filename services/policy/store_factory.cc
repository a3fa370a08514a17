#include "services/policy/store_factory.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/store/memory/memory_store.h"
#include "services/policy/store/sqlite/sqlite_store.h"
#include "services/policy/store/sqlite/store_backup.h"
#include "services/policy/store/sqlite/store_check.h"

namespace airlock::policy {
namespace {

absl::Status CheckIsThere(const std::string& path) {
  if (std::filesystem::exists(path)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kNotFound, "STORE_NOT_FOUND",
                   absl::StrCat("there is no store at \"", path, "\""));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreOptions& options) {
  if (options.path.empty()) {
    return std::make_unique<MemoryStore>(options.max_kept);
  }
  return SqliteStore::Open(options);
}

absl::Status BackupStore(const std::string& from, const std::string& to) {
  if (absl::Status status = CheckIsThere(from); !status.ok()) return status;
  return CopyStore(from, to);
}

absl::StatusOr<std::vector<std::string>> CheckStore(const std::string& path) {
  if (absl::Status status = CheckIsThere(path); !status.ok()) return status;
  return CheckStoreFile(path);
}

}  // namespace airlock::policy
