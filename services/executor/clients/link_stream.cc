#include "services/executor/clients/link_stream.h"

#include <utility>

#include "common/logging/log.h"
#include "common/rpc/status.h"
#include "services/executor/clients/output_join.h"

namespace airlock::executor {
namespace {

using internal::v1::ConnectRequest;
using internal::v1::ConnectResponse;

constexpr std::uint32_t kProtocolVersion = 1;
// Many times what the output windows of a full executor hold.
constexpr std::size_t kMaxQueuedBytes = std::size_t{128} << 20U;

// A job's end must not overtake its output; everything else may.
bool IsData(const ConnectRequest& message) {
  return message.has_output() || message.has_job_ended();
}

}  // namespace

std::shared_ptr<LinkStream> LinkStream::Open(Stub& stub, std::size_t link,
                                             internal::v1::Hello hello,
                                             PolicyEvents& events,
                                             const Clock& clock) {
  std::shared_ptr<LinkStream> stream(new LinkStream(link, events, clock));
  stream->self_ = stream;
  stream->Start(stub, std::move(hello));
  return stream;
}

LinkStream::LinkStream(std::size_t link, PolicyEvents& events,
                       const Clock& clock)
    : link_(link),
      events_(events),
      clock_(clock),
      last_received_(clock.Monotonic()) {}

void LinkStream::Start(Stub& stub, internal::v1::Hello hello) {
  // No deadline: the stream lives as long as both sides; a silent one is
  // closed by who watches the heartbeats.
  stub.async()->Connect(&context_, this);
  AddHold();
  {
    absl::MutexLock lock(&mutex_);
    *request_.mutable_hello() = std::move(hello);
    writing_ = true;
  }
  StartWrite(&request_);
  StartRead(&response_);
  StartCall();
}

void LinkStream::Send(ConnectRequest message) {
  bool too_much = false;
  {
    absl::MutexLock lock(&mutex_);
    if (broken_) return;
    Queue(std::move(message));
    too_much = queued_bytes_ > kMaxQueuedBytes;
  }
  if (too_much) {
    LogError("policy does not read: its stream is closed", {{"link", link_}});
    Close();
    return;
  }
  WriteNext();
}

void LinkStream::Queue(ConnectRequest message) {
  if (!IsData(message)) {
    queued_bytes_ += message.ByteSizeLong();
    control_.push_back(std::move(message));
    return;
  }
  if (!data_.empty()) {
    const std::size_t before = data_.back().ByteSizeLong();
    if (JoinOutput(message, data_.back())) {
      queued_bytes_ += data_.back().ByteSizeLong() - before;
      return;
    }
  }
  queued_bytes_ += message.ByteSizeLong();
  data_.push_back(std::move(message));
}

void LinkStream::WriteNext() {
  {
    absl::MutexLock lock(&mutex_);
    if (broken_ || writing_ || (control_.empty() && data_.empty())) return;
    std::deque<ConnectRequest>& lane = control_.empty() ? data_ : control_;
    request_ = std::move(lane.front());
    lane.pop_front();
    queued_bytes_ -= request_.ByteSizeLong();
    writing_ = true;
  }
  // The hold is ours as long as a write is in flight.
  StartWrite(&request_);
}

void LinkStream::OnWriteDone(bool ok) {
  if (!ok) {
    StopWriting(/*write_done=*/true);
    return;
  }
  bool broken = false;
  {
    absl::MutexLock lock(&mutex_);
    broken = broken_;
    if (!broken) writing_ = false;
  }
  if (broken) {
    StopWriting(/*write_done=*/true);
  } else {
    WriteNext();
  }
}

void LinkStream::StopWriting(bool write_done) {
  bool release = false;
  {
    absl::MutexLock lock(&mutex_);
    if (write_done) writing_ = false;
    broken_ = true;
    control_.clear();
    data_.clear();
    queued_bytes_ = 0;
    release = holding_ && !writing_;
    if (release) holding_ = false;
  }
  if (release) RemoveHold();
}

void LinkStream::OnReadDone(bool ok) {
  if (!ok) {
    StopWriting(/*write_done=*/false);
    return;
  }
  last_received_ = clock_.Monotonic();
  if (welcomed_) {
    events_.OnMessage(link_, std::move(response_), last_received_);
  } else if (!HandleWelcome()) {
    Close();
  }
  response_.Clear();
  StartRead(&response_);
}

bool LinkStream::HandleWelcome() {
  if (!response_.has_welcome() ||
      response_.welcome().protocol_version() != kProtocolVersion) {
    LogError("policy did not say Welcome to protocol 1", {{"link", link_}});
    return false;
  }
  welcomed_ = true;
  events_.OnConnected(link_, shared_from_this(), response_.welcome());
  absl::MutexLock lock(&mutex_);
  welcome_ = response_.welcome();
  return true;
}

void LinkStream::Close() { context_.TryCancel(); }

void LinkStream::OnDone(const grpc::Status& status) {
  const std::shared_ptr<LinkStream> self = std::move(self_);
  absl::MutexLock lock(&mutex_);
  status_ = FromGrpcStatus(status);
  done_ = true;
}

std::optional<internal::v1::Welcome> LinkStream::WaitWelcome(
    absl::Duration timeout) {
  const auto decided = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return done_ || welcome_.has_value();
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&decided), timeout);
  return welcome_;
}

bool LinkStream::WaitDone(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&done_), timeout);
}

absl::Status LinkStream::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

}  // namespace airlock::executor
