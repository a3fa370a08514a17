// Keeps an executor connected to one policy replica.
#pragma once

#include <grpcpp/channel.h>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/executor/clients/link_stream.h"

namespace airlock::executor {

// How a link behaves when things go wrong.
struct PolicyLinkOptions {
  // From the dial to Welcome.
  absl::Duration welcome_timeout = absl::Seconds(10);
  // Between two dials, with jitter: doubles from the first to the second.
  absl::Duration first_backoff = absl::Milliseconds(200);
  absl::Duration last_backoff = absl::Seconds(5);
};

// Dials, says heartbeats, and dials again when the stream breaks or nothing
// came for three heartbeats, on a thread of its own. Transport only: what is
// said is `events`' business.
class PolicyLink {
 public:
  // `number` is the link's in `events`, `target` for the log. `events` and
  // `clock` must outlive it.
  PolicyLink(std::size_t number, std::string target,
             std::shared_ptr<grpc::Channel> channel, PolicyEvents& events,
             const Clock& clock, const PolicyLinkOptions& options = {});
  // Closes the stream; `events` hears nothing afterwards.
  ~PolicyLink();
  PolicyLink(const PolicyLink&) = delete;
  PolicyLink& operator=(const PolicyLink&) = delete;

 private:
  void Run();
  // Opens a stream and follows it to its end; whether there was a Welcome.
  bool ServeStream();
  // Heartbeats until the stream is done or silent.
  void KeepAlive(LinkStream& stream, absl::Duration interval);
  bool stopping() ABSL_LOCKS_EXCLUDED(mutex_);
  bool WaitStopping(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  void LogBreak(const absl::Status& status, bool was_connected);

  const std::size_t number_;
  const std::string target_;
  PolicyEvents& events_;
  const Clock& clock_;
  const PolicyLinkOptions options_;
  const std::unique_ptr<LinkStream::Stub> stub_;
  // Only on the thread.
  absl::BitGen random_;
  absl::Status last_status_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<LinkStream> stream_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace airlock::executor
