// Looks for damage in a store, and for what somebody changed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/policy/store/sqlite/database.h"

namespace airlock::policy {

// What was found so far. Bounded.
class Findings {
 public:
  void Add(std::string finding);

  // The last one says how many were left out, if any were.
  std::vector<std::string> Take() &&;

 private:
  std::vector<std::string> findings_;
  std::size_t left_out_ = 0;
};

// Looks at all of the store at `path` as it is at one moment; it may be in use.
// Nothing is changed. Findings are for a human. An error: it cannot be looked
// at, such as one of a newer program.
absl::StatusOr<std::vector<std::string>> CheckStoreFile(
    const std::string& path);

// Whether the audit is one chain without gaps from its first record to where
// the store says it ends, each record as it was sealed, with the payloads that
// are kept. An error is the database's.
absl::Status CheckAudit(Database& database, Findings& findings);

// Whether each row can be read and its columns say what its bytes say, and what
// belongs together is there.
absl::Status CheckRecords(Database& database, Findings& findings);

}  // namespace airlock::policy
