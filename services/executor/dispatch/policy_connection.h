// What jobs and links to policy replicas know of each other.
#pragma once

#include <cstddef>
#include <memory>

#include "absl/time/time.h"
#include "airlock/internal/v1/executor_link.pb.h"

namespace airlock::executor {

// One open stream to one policy replica.
class PolicyConnection {
 public:
  virtual ~PolicyConnection() = default;

  // Queues a message; never blocks. Output and JobEnded keep their order;
  // everything else overtakes them. What is sent on a broken stream is lost:
  // the next one begins with a new Hello. Thread-safe.
  virtual void Send(internal::v1::ConnectRequest message) = 0;
};

// Hears what comes from the policy. A link is the number of a configured
// replica, kept across its streams. The calls for one link come one at a time:
// MakeHello, then nothing or OnConnected, OnMessage..., OnDisconnected.
class PolicyEvents {
 public:
  virtual ~PolicyEvents() = default;

  // What the next stream of `link` begins with. May block for a moment; not
  // called from a gRPC reaction.
  virtual internal::v1::Hello MakeHello(std::size_t link) = 0;
  // The policy said Welcome.
  virtual void OnConnected(std::size_t link,
                           std::shared_ptr<PolicyConnection> connection,
                           const internal::v1::Welcome& welcome) = 0;
  // Any message after Welcome. `received_at` is its time on the monotonic
  // clock, before it waited anywhere.
  virtual void OnMessage(std::size_t link,
                         internal::v1::ConnectResponse message,
                         absl::Duration received_at) = 0;
  // The stream broke after OnConnected.
  virtual void OnDisconnected(std::size_t link) = 0;
};

}  // namespace airlock::executor
