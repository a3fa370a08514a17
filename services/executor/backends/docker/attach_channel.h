// One attach stream: what is sent, what comes, who listens.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/http/upgraded_connection.h"
#include "services/executor/backends/docker/stream_demuxer.h"
#include "services/executor/sandbox/byte_stream.h"

namespace airlock::executor {

// Pump() and Finish() belong to the loop's thread, everything else is
// thread-safe. Nothing blocks.
class AttachChannel {
 public:
  explicit AttachChannel(std::unique_ptr<UpgradedConnection> connection);

  int fd() const { return fd_; }
  void SetObserver(std::shared_ptr<ByteStreamObserver> observer)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Sends at once what goes, keeps the rest. Whether something is left that
  // waits for the socket to become writable. An error shows in Pump().
  bool Write(std::string data) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends what was kept. As Write().
  bool Flush() ABSL_LOCKS_EXCLUDED(mutex_);

  // How far reading came.
  enum class Progress { kDrained, kMoreWaits, kEnded };
  // Reads what is there, a bounded amount at a time, into the observer.
  Progress Pump(std::vector<char>& buffer) ABSL_LOCKS_EXCLUDED(mutex_);
  // Closes the connection and tells the observer, once. `otherwise` is the
  // reason if Pump() found none.
  void Finish(const absl::Status& otherwise) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  bool FlushLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // No value: nothing there. 0: the end.
  absl::StatusOr<std::optional<std::size_t>> Receive(std::vector<char>& buffer)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const int fd_;
  // The loop's thread only.
  StreamDemuxer demuxer_;
  std::optional<absl::Status> end_;

  absl::Mutex mutex_;
  // Null: closed.
  std::unique_ptr<UpgradedConnection> connection_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<ByteStreamObserver> observer_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> outgoing_ ABSL_GUARDED_BY(mutex_);
  // Of outgoing_.front().
  std::size_t sent_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status send_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::executor
