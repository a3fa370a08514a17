// The versions of the database's schema.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/policy/store/sqlite/database.h"

namespace airlock::policy {

// One step from a version of the schema to the next. Never changed once it was
// released: a later step corrects it.
struct Migration {
  std::string name;
  std::string sql;
};

// The steps of this program, version 1 first.
const std::vector<Migration>& Migrations();

// Brings `database` to the newest of `migrations`, all of it in one
// transaction. kFailedPrecondition: it is of a newer program, or a step that
// was made is not the one of the same number here.
absl::Status Migrate(Database& database,
                     const std::vector<Migration>& migrations);

// Whether `database` has exactly these. kFailedPrecondition: it does not.
absl::Status CheckSchema(Database& database,
                         const std::vector<Migration>& migrations);

}  // namespace airlock::policy
