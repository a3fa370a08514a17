// Forgets what is old, a little at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// One sweep over a database. Not thread-safe.
class Forgetter {
 public:
  // `max_kept`: how many executions are kept, whatever `retention` says. In
  // both cases only those that ended at least a day before `now` go.
  Forgetter(const Retention& retention, std::size_t max_kept, absl::Time now);

  // Forgets at most 500 rows and what hangs on them, inside a transaction of
  // the database, which its caller begins and ends. Whether there may be more.
  // After an error the same step can be done again.
  absl::StatusOr<bool> Step(Database& database);

 private:
  enum class Stage { kOld, kTooMany, kSessions, kPayloads, kDone };

  absl::StatusOr<std::int64_t> ForgetSome(Database& database) const;
  absl::StatusOr<std::int64_t> ForgetTooMany(Database& database) const;

  const absl::Time executions_before_;
  const absl::Time payloads_before_;
  const absl::Time young_from_;
  const std::size_t max_kept_;
  Stage stage_ = Stage::kOld;
};

}  // namespace airlock::policy
