#include "services/policy/dispatch/later_input.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/status/error.h"

namespace airlock::policy {
namespace {

absl::Status InputError(absl::StatusCode code, absl::string_view reason,
                        absl::string_view message, std::uint64_t taken) {
  return MakeError(code, reason, message,
                   {{"next_offset", absl::StrCat(taken)}});
}

}  // namespace

absl::Status ExecutionEndedError(absl::string_view execution_id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "EXECUTION_ENDED",
                   absl::StrCat("execution \"", execution_id,
                                "\" has ended and takes no more input"),
                   {{"id", std::string(execution_id)}});
}

absl::Status LaterInput::Check(const InputWrite& write) const {
  const std::uint64_t end = write.offset + write.data.size();
  if (!accepts_) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "INPUT_NOT_ACCEPTED",
                     "the action accepts no later input; only one that was "
                     "asked for with input.accepts_later_input does");
  }
  if (waiting_.has_value()) {
    return WithRetryDelay(
        MakeError(absl::StatusCode::kAborted, "WRITE_IN_PROGRESS",
                  "another call writes to this execution; one at a time does"),
        absl::Milliseconds(100));
  }
  if (write.offset > taken_) {
    return InputError(
        absl::StatusCode::kOutOfRange, "INPUT_GAP",
        absl::StrCat("offset must be at most ", taken_,
                     ", the bytes taken so far: got ", write.offset),
        taken_);
  }
  if (closed_ && end > taken_) {
    return InputError(
        absl::StatusCode::kFailedPrecondition, "INPUT_CLOSED",
        absl::StrCat("the input was closed after ", taken_, " bytes"), taken_);
  }
  if (!closed_ && write.close && end < taken_) {
    return InputError(absl::StatusCode::kOutOfRange, "INPUT_CLOSE_TOO_EARLY",
                      absl::StrCat("the input cannot end at ", end, ": ",
                                   taken_, " bytes were taken already"),
                      taken_);
  }
  return absl::OkStatus();
}

void LaterInput::Answer(const InputWrite::Done& done) const {
  airlock::v1::WriteStdinResponse response;
  response.set_next_offset(taken_);
  response.set_closed(closed_);
  done(std::move(response));
}

void LaterInput::Write(InputWrite write) {
  if (const absl::Status refused = Check(write); !refused.ok()) {
    write.done(refused);
    return;
  }
  const std::uint64_t known = taken_ - write.offset;
  if (closed_ || (known >= write.data.size() && !write.close)) {
    Answer(write.done);
    return;
  }
  write.data.erase(0, known);
  write.offset = taken_;
  if (write.data.size() > kInputWindow) {
    // No more than this can be taken at once; the caller comes again.
    write.data.resize(kInputWindow);
    write.data.shrink_to_fit();
    write.close = false;
  }
  waiting_ = std::move(write);
}

void LaterInput::Abandon(WriteId id) {
  if (waiting_.has_value() && waiting_->id == id) waiting_.reset();
}

bool LaterInput::Acknowledge(std::uint64_t limit, std::uint64_t received) {
  if (received > taken_) return false;
  limit_ = std::max(limit_, limit);
  if (received > acknowledged_) {
    unacknowledged_.erase(0, received - acknowledged_);
    acknowledged_ = received;
  }
  return true;
}

std::optional<InputPiece> LaterInput::Take() {
  if (!open_ || !waiting_.has_value()) return std::nullopt;
  const std::uint64_t most = std::min(limit_, acknowledged_ + kInputWindow);
  const std::size_t size =
      std::min<std::uint64_t>(most - taken_, waiting_->data.size());
  if (size == 0 && !waiting_->data.empty()) return std::nullopt;
  const InputWrite write = *std::exchange(waiting_, std::nullopt);
  InputPiece piece;
  piece.offset = taken_;
  piece.data = write.data.substr(0, size);
  piece.end = write.close && size == write.data.size();
  unacknowledged_ += piece.data;
  taken_ += size;
  closed_ = piece.end;
  Answer(write.done);
  return piece;
}

std::optional<InputPiece> LaterInput::Unacknowledged() const {
  // Whether the end arrived is not acknowledged.
  if (unacknowledged_.empty() && !closed_) return std::nullopt;
  return InputPiece{acknowledged_, unacknowledged_, closed_};
}

void LaterInput::Interrupt(const absl::Status& why) {
  if (!waiting_.has_value()) return;
  const InputWrite write = *std::exchange(waiting_, std::nullopt);
  write.done(why);
}

}  // namespace airlock::policy
