#include "services/policy/store/pages.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

// Ids of executions and approvals are no longer.
constexpr std::size_t kMaxIdLength = 40;

absl::Status NotOurToken() {
  FieldViolations violations;
  violations.Add("page_token",
                 "must be a next_page_token from an earlier page");
  return violations.ToStatus();
}

}  // namespace

absl::Status CheckIdToken(absl::string_view token) {
  const bool ours =
      token.size() <= kMaxIdLength &&
      std::all_of(token.begin(), token.end(), [](unsigned char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
      });
  return ours ? absl::OkStatus() : NotOurToken();
}

absl::StatusOr<std::uint64_t> SequenceFromToken(absl::string_view token) {
  // As far as a database counts.
  constexpr std::uint64_t kAll = std::numeric_limits<std::int64_t>::max();
  if (token.empty()) return kAll;
  std::uint64_t sequence = 0;
  const bool digits = std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (!digits || !absl::SimpleAtoi(token, &sequence) || sequence > kAll) {
    return NotOurToken();
  }
  return sequence;
}

}  // namespace airlock::policy
