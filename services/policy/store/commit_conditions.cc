#include "services/policy/store/commit_conditions.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

absl::Status AlreadyFinalError(absl::string_view what, absl::string_view id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "ALREADY_FINAL",
                   absl::StrCat(what, " ", id, " has already ended"));
}

}  // namespace

absl::Status AlreadyEndedError(absl::string_view id) {
  return AlreadyFinalError("execution", id);
}

absl::Status ApprovalEndedError(absl::string_view id) {
  return AlreadyFinalError("approval", id);
}

absl::Status RequestUsedError(absl::string_view agent,
                              absl::string_view request_id,
                              absl::string_view execution_id) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "REQUEST_ID_USED",
      absl::StrCat("request \"", request_id, "\" of agent \"", agent,
                   "\" has already become execution ", execution_id));
}

absl::Status CheckApprovalPut(absl::string_view id, bool ended,
                              std::uint64_t stored, std::uint64_t put) {
  if (ended) return ApprovalEndedError(id);
  if (put == stored + 1) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kAborted, "REVISION_CONFLICT",
      absl::StrCat("approval ", id, " has revision ", stored,
                   ": the next one must be ", stored + 1, ", got ", put));
}

}  // namespace airlock::policy
