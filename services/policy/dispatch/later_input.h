// Standard input that comes after the request.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::policy {

using WriteId = std::uint64_t;

// Later input of one execution that was taken here and that its executor has
// not acknowledged: more is never held, whatever credit the executor gives.
inline constexpr std::uint64_t kInputWindow = 256 * 1024;

// One WriteStdin call.
struct InputWrite {
  using Done =
      std::function<void(absl::StatusOr<airlock::v1::WriteStdinResponse>)>;

  WriteId id = 0;
  // Where in the later input `data` begins.
  std::uint64_t offset = 0;
  std::string data;
  // Whether the input ends after `data`.
  bool close = false;
  // Called exactly once, unless the call is abandoned.
  Done done;
};

// What is sent to the executor.
struct InputPiece {
  std::uint64_t offset = 0;
  std::string data;
  bool end = false;
};

// The later input of one execution: what was taken, what of it the executor
// may still lack, and the one call that waits. Takes nothing before Open() and
// nothing for which there is no credit. Not thread-safe.
class LaterInput {
 public:
  explicit LaterInput(bool accepts) : accepts_(accepts) {}

  // A call brings input. Answers at once what needs no room: an error, or what
  // was taken before. Else it waits for Take().
  void Write(InputWrite write);

  // The call is gone and must not be answered.
  void Abandon(WriteId id);

  // The process runs.
  void Open() { open_ = true; }

  // The executor has `received` bytes and takes up to `limit` bytes. False if
  // that cannot be: it has more than it was sent.
  bool Acknowledge(std::uint64_t limit, std::uint64_t received);

  // Takes what can be taken of the call that waits, and answers it. Nothing if
  // none waits or there is no room.
  std::optional<InputPiece> Take();

  // What the executor may lack, for a new stream. Nothing if nothing was taken
  // that it does not have.
  std::optional<InputPiece> Unacknowledged() const;

  // Answers the call that waits with an error.
  void Interrupt(const absl::Status& why);

 private:
  void Answer(const InputWrite::Done& done) const;
  // Why a call must be refused; OK if it may be answered or wait.
  absl::Status Check(const InputWrite& write) const;

  bool accepts_;
  bool open_ = false;
  // Bytes taken so far, and of them those the executor has.
  std::uint64_t taken_ = 0;
  std::uint64_t acknowledged_ = 0;
  // Bytes the executor takes.
  std::uint64_t limit_ = kInputWindow;
  // The bytes from acknowledged_ to taken_.
  std::string unacknowledged_;
  bool closed_ = false;
  // Begins at taken_.
  std::optional<InputWrite> waiting_;
};

// Nothing is taken of an execution that has ended.
absl::Status ExecutionEndedError(absl::string_view execution_id);

}  // namespace airlock::policy
