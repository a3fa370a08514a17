// Rows of the database as records.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/store/sqlite/database.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// DATA_LOSS with reason STORE_DAMAGED where `bytes` are no `message`.
template <typename Message>
absl::Status ParseStored(const std::string& bytes, absl::string_view what,
                         Message& message) {
  if (message.ParseFromString(bytes)) return absl::OkStatus();
  return MakeError(absl::StatusCode::kDataLoss, "STORE_DAMAGED",
                   absl::StrCat("the store: ", what, " cannot be read"));
}

// Of the columns approval, action_hash and revision.
inline absl::StatusOr<ApprovalRecord> ReadApproval(const Statement& row) {
  ApprovalRecord record;
  absl::Status status =
      ParseStored(row.Bytes(0), "an approval", record.approval);
  if (!status.ok()) return status;
  record.action_hash = row.Bytes(1);
  record.revision = static_cast<std::uint64_t>(row.Int(2));
  return record;
}

}  // namespace airlock::policy
