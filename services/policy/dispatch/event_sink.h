// Where the events of an execution go.
#pragma once

#include "absl/status/status.h"
#include "airlock/v1/execution.pb.h"

namespace airlock::policy {

// One client's stream, as the dispatch room sees it. The calls come from
// inside the dispatcher's serializer and must not block. After Send() the next
// call comes only when the owner reported the event as written; SendLast() or
// Finish() is the last call.
class EventSink {
 public:
  virtual ~EventSink() = default;

  virtual void Send(airlock::v1::ExecutionEvent event) = 0;
  // Sends the last event and ends the stream without an error.
  virtual void SendLast(airlock::v1::ExecutionEvent event) = 0;
  virtual void Finish(const absl::Status& status) = 0;

  // Whether the stream has ended by itself: the client is gone.
  virtual bool closed() const = 0;
};

}  // namespace airlock::policy
