// The executor's end of one cell's runner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/executor/sandbox/byte_stream.h"

namespace airlock::executor {

// What a host said of a cell that is no more.
struct CellEnd {
  std::string reason;
  std::string message;
  bool out_of_memory = false;
};

// A cell as the link knows it: who listens, how it ended. Shared by the link
// and who uses the cell. Thread-safe.
class Cell {
 public:
  explicit Cell(std::uint64_t number) : number_(number) {}

  std::uint64_t number() const { return number_; }

  // Once. What was said before is delivered first, from the caller's thread.
  void SetObserver(std::shared_ptr<ByteStreamObserver> observer)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether it was asked to close before; from now on it was.
  bool AskClose() ABSL_LOCKS_EXCLUDED(mutex_);

  // From the link's thread, one at a time.
  void Deliver(absl::string_view data) ABSL_LOCKS_EXCLUDED(mutex_);
  void Complain(absl::string_view text) ABSL_LOCKS_EXCLUDED(mutex_);
  // Nothing more is heard of it, also by who listens later; how it ended, and
  // that it did, may still be told.
  void HangUp(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // It is no more, as its host says, or (no value) because its host is not.
  void Finish(std::optional<CellEnd> end, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether its host said how it ended, and how.
  std::optional<CellEnd> end() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Blocks until it is finished. False: it is not, at `deadline`.
  bool WaitFinished(absl::Time deadline) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Who is to hear `text`; nobody: it is in `early` until somebody listens.
  std::shared_ptr<ByteStreamObserver> ObserverOrKeep(absl::string_view text,
                                                     std::string Cell::*early)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Whom to tell that nothing more comes.
  std::shared_ptr<ByteStreamObserver> CloseLocked(const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::uint64_t number_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<ByteStreamObserver> observer_ ABSL_GUARDED_BY(mutex_);
  // Said before there was an observer: the runner may be faster.
  std::string early_data_ ABSL_GUARDED_BY(mutex_);
  std::string early_text_ ABSL_GUARDED_BY(mutex_);
  // Set: nothing more comes, and why.
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mutex_);
  bool asked_close_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<CellEnd> end_ ABSL_GUARDED_BY(mutex_);
};

// Where a cell's stream sends to. Thread-safe; outlived by the streams.
class CellSender {
 public:
  virtual ~CellSender() = default;

  virtual void SendData(const std::shared_ptr<Cell>& cell,
                        std::string data) = 0;
  // Once or more; the cell ends.
  virtual void SendClose(const std::shared_ptr<Cell>& cell) = 0;
  // Whether its host was heard of lately.
  virtual bool IsHostThere() const = 0;
};

// ByteStream to the runner in `cell`. After the sender is gone it is silent.
std::unique_ptr<ByteStream> MakeCellStream(std::shared_ptr<Cell> cell,
                                           std::weak_ptr<CellSender> sender);

}  // namespace airlock::executor
