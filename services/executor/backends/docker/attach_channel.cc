#include "services/executor/backends/docker/attach_channel.h"

#include <utility>

#include "common/status/error.h"

namespace airlock::executor {
namespace {

// Reads before another stream gets its turn.
constexpr int kReadsPerTurn = 16;

}  // namespace

AttachChannel::AttachChannel(std::unique_ptr<UpgradedConnection> connection)
    : fd_(connection->fd()), connection_(std::move(connection)) {}

void AttachChannel::SetObserver(std::shared_ptr<ByteStreamObserver> observer) {
  absl::MutexLock lock(&mutex_);
  observer_ = std::move(observer);
}

bool AttachChannel::Write(std::string data) {
  if (data.empty()) return false;
  absl::MutexLock lock(&mutex_);
  if (connection_ == nullptr) return false;
  outgoing_.push_back(std::move(data));
  // Behind others it is sent when the socket is writable, in its order.
  return outgoing_.size() > 1 || FlushLocked();
}

bool AttachChannel::Flush() {
  absl::MutexLock lock(&mutex_);
  return FlushLocked();
}

bool AttachChannel::FlushLocked() {
  while (connection_ != nullptr && send_error_.ok() && !outgoing_.empty()) {
    const std::string& front = outgoing_.front();
    absl::StatusOr<std::size_t> sent =
        connection_->Send(absl::string_view(front).substr(sent_));
    if (!sent.ok()) {
      // Reading goes on: what the other side said last explains more than
      // that it no longer listens.
      send_error_ = sent.status();
      outgoing_.clear();
      return false;
    }
    if (*sent == 0) return true;
    sent_ += *sent;
    if (sent_ < front.size()) continue;
    sent_ = 0;
    outgoing_.pop_front();
  }
  return false;
}

absl::StatusOr<std::optional<std::size_t>> AttachChannel::Receive(
    std::vector<char>& buffer) {
  absl::MutexLock lock(&mutex_);
  if (connection_ == nullptr) return std::optional<std::size_t>(0);
  absl::StatusOr<std::optional<std::size_t>> received =
      connection_->Receive(buffer.data(), buffer.size());
  if (received.ok() && !received->has_value() && !send_error_.ok()) {
    return send_error_;
  }
  return received;
}

AttachChannel::Progress AttachChannel::Pump(std::vector<char>& buffer) {
  if (end_.has_value()) return Progress::kEnded;
  std::shared_ptr<ByteStreamObserver> observer;
  {
    absl::MutexLock lock(&mutex_);
    observer = observer_;
  }
  const StreamDemuxer::Sink sink = [&observer](StreamDemuxer::Source source,
                                               absl::string_view piece) {
    if (observer == nullptr) return;
    if (source == StreamDemuxer::Source::kStdout) {
      observer->OnData(piece);
    } else {
      observer->OnDiagnostic(piece);
    }
  };
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    absl::StatusOr<std::optional<std::size_t>> received = Receive(buffer);
    if (!received.ok()) {
      end_ = received.status();
      return Progress::kEnded;
    }
    if (!received->has_value()) return Progress::kDrained;
    if (**received == 0) {
      end_ = demuxer_.at_boundary()
                 ? absl::OkStatus()
                 : MakeError(absl::StatusCode::kUnavailable, "STREAM_CUT",
                             "the engine's attach stream ended within a frame");
      return Progress::kEnded;
    }
    const absl::Status demuxed =
        demuxer_.Add(absl::string_view(buffer.data(), **received), sink);
    if (!demuxed.ok()) {
      end_ = demuxed;
      return Progress::kEnded;
    }
  }
  return Progress::kMoreWaits;
}

void AttachChannel::Finish(const absl::Status& otherwise) {
  std::unique_ptr<UpgradedConnection> connection;
  std::shared_ptr<ByteStreamObserver> observer;
  {
    absl::MutexLock lock(&mutex_);
    connection = std::move(connection_);
    observer = std::exchange(observer_, nullptr);
    outgoing_.clear();
  }
  connection.reset();
  if (observer != nullptr) observer->OnClosed(end_.value_or(otherwise));
}

}  // namespace airlock::executor
