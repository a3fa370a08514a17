#include "services/executor/dispatch/job_input.h"

#include <algorithm>
#include <utility>

namespace airlock::executor {

void JobInput::Allow(std::uint64_t limit_bytes) {
  limit_ = std::max(limit_, limit_bytes);
}

absl::StatusOr<std::optional<InputPiece>> JobInput::Take(
    const internal::v1::Input& input) {
  if (input.offset() > received_ || ended_) return std::nullopt;
  // What came again after a new stream is cut off.
  const std::uint64_t skip = received_ - input.offset();
  if (skip > input.data().size()) return std::nullopt;
  InputPiece piece{.data = input.data().substr(skip), .end = input.end()};
  if (!accepts_ || received_ + piece.data.size() > limit_) {
    return absl::ResourceExhaustedError("input has no credit");
  }
  received_ += piece.data.size();
  ended_ = piece.end;
  if (piece.data.empty() && !piece.end) return std::nullopt;
  return piece;
}

}  // namespace airlock::executor
