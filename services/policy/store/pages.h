// The tokens of the store's pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace airlock::policy {

// A page ends before its messages are more bytes than this, so that it fits
// into one message of the network.
inline constexpr std::size_t kMaxPageBytes = std::size_t{4} << 20U;

// Whether one more does not fit into a page that has `count`; with it there
// would be `bytes`.
inline bool IsFull(std::size_t count, std::size_t bytes, int page_size) {
  return count >= static_cast<std::size_t>(page_size) ||
         (count > 0 && bytes > kMaxPageBytes);
}

// OK if `token` is empty or may be the id of the last one of a page;
// else kInvalidArgument, INVALID_FIELD.
absl::Status CheckIdToken(absl::string_view token);

// The sequence of the last record of a page; the greatest number there is if
// `token` is empty. kInvalidArgument as above.
absl::StatusOr<std::uint64_t> SequenceFromToken(absl::string_view token);

}  // namespace airlock::policy
