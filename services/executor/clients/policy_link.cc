#include "services/executor/clients/policy_link.h"

#include <algorithm>
#include <utility>

#include "common/logging/log.h"
#include "common/time/proto_time.h"

namespace airlock::executor {
namespace {

// Whatever a policy asks for.
constexpr absl::Duration kShortestHeartbeat = absl::Milliseconds(50);
constexpr absl::Duration kLongestHeartbeat = absl::Seconds(30);
constexpr absl::Duration kDefaultHeartbeat = absl::Seconds(5);
constexpr int kSilentHeartbeats = 3;

absl::Duration HeartbeatInterval(const internal::v1::Welcome& welcome) {
  const absl::Duration asked = FromProto(welcome.heartbeat_interval());
  if (asked <= absl::ZeroDuration()) return kDefaultHeartbeat;
  return std::clamp(asked, kShortestHeartbeat, kLongestHeartbeat);
}

}  // namespace

PolicyLink::PolicyLink(std::size_t number, std::string target,
                       std::shared_ptr<grpc::Channel> channel,
                       PolicyEvents& events, const Clock& clock,
                       const PolicyLinkOptions& options)
    : number_(number),
      target_(std::move(target)),
      events_(events),
      clock_(clock),
      options_(options),
      stub_(internal::v1::ExecutorLinkService::NewStub(channel)),
      thread_([this] { Run(); }) {}

PolicyLink::~PolicyLink() {
  std::shared_ptr<LinkStream> stream;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    stream = stream_;
  }
  if (stream != nullptr) stream->Close();
  thread_.join();
}

void PolicyLink::Run() {
  absl::Duration backoff = options_.first_backoff;
  while (!stopping()) {
    if (ServeStream()) backoff = options_.first_backoff;
    const double jitter = absl::Uniform(random_, 0.7, 1.3);
    if (WaitStopping(backoff * jitter)) return;
    backoff = std::min(2 * backoff, options_.last_backoff);
  }
}

bool PolicyLink::ServeStream() {
  const auto stream = LinkStream::Open(
      *stub_, number_, events_.MakeHello(number_), events_, clock_);
  bool stop = false;
  {
    absl::MutexLock lock(&mutex_);
    stream_ = stream;
    stop = stopping_;
  }
  std::optional<internal::v1::Welcome> welcome;
  if (!stop) welcome = stream->WaitWelcome(options_.welcome_timeout);
  if (welcome.has_value()) KeepAlive(*stream, HeartbeatInterval(*welcome));
  stream->Close();
  stream->WaitDone(absl::InfiniteDuration());
  {
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
  }
  // It may have come after the wait for it was over.
  const bool connected = stream->WaitWelcome(absl::ZeroDuration()).has_value();
  LogBreak(stream->status(), connected);
  if (connected) events_.OnDisconnected(number_);
  return connected;
}

void PolicyLink::KeepAlive(LinkStream& stream, absl::Duration interval) {
  for (std::uint64_t sequence = 1; !stream.WaitDone(interval); ++sequence) {
    if (stopping()) return;
    const absl::Duration silence = clock_.Monotonic() - stream.last_received();
    if (silence > kSilentHeartbeats * interval) {
      LogWarning("policy is silent: dialling again",
                 {{"target", target_}, {"silent_seconds", silence}});
      return;
    }
    internal::v1::ConnectRequest message;
    message.mutable_heartbeat()->set_sequence(sequence);
    stream.Send(std::move(message));
  }
}

void PolicyLink::LogBreak(const absl::Status& status, bool was_connected) {
  if (stopping()) return;
  // A replica that stays away is told of once.
  if (!was_connected && status == last_status_) return;
  last_status_ = was_connected ? absl::OkStatus() : status;
  LogWarning(was_connected ? "link to policy broke" : "policy did not answer",
             {{"target", target_}, {"error", status}});
}

bool PolicyLink::stopping() {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

bool PolicyLink::WaitStopping(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&stopping_), timeout);
}

}  // namespace airlock::executor
