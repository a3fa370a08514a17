// Following an execution to its end, over as many streams as that takes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "services/cli/client/airlock_client.h"
#include "services/cli/run/event_sink.h"
#include "services/cli/run/output_position.h"

namespace airlock::cli {

// Follows one execution. When the stream breaks it attaches again where it
// was: before the execution was accepted by the same request with the same
// request id, afterwards by WatchExecution; it gives up after several attempts
// in a row without an event. Run() and Watch() block; Cancel() may be called by
// any thread meanwhile.
class Follower {
 public:
  // Both must outlive this. Nothing is waited for after `deadline`.
  Follower(AirlockClient& client, EventSink& sink, absl::Time deadline);
  // Waits for a cancelling call under way.
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Is told the execution's id, once, as soon as it has one. Set it before
  // Run().
  void OnAccepted(std::function<void(const std::string& id)> on_accepted) {
    on_accepted_ = std::move(on_accepted);
  }

  // Asks for an execution and follows it; `request` must have a request id. If
  // nobody reads the output any more the execution is cancelled. Call this or
  // Watch(), once.
  absl::StatusOr<airlock::v1::Execution> Run(
      const airlock::v1::ExecuteRequest& request);

  // Follows an execution from its first byte.
  absl::StatusOr<airlock::v1::Execution> Watch(const std::string& id);

  // Asks for the execution's end, as soon as it has an id; Run() goes on until
  // that has come. Later calls do nothing.
  void Cancel() ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until a cancelling call under way was answered, at most `longest`:
  // for who is about to end the process.
  void AwaitCancelling(absl::Duration longest) ABSL_LOCKS_EXCLUDED(mutex_);

  // The execution's id; empty while it has none.
  std::string id() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Reads streams until one of them has the end.
  absl::StatusOr<airlock::v1::Execution> FollowToEnd(
      const airlock::v1::ExecuteRequest* request);
  std::unique_ptr<EventStream> Attach(
      const airlock::v1::ExecuteRequest* request);
  absl::Status Deliver(const airlock::v1::ExecutionEvent& event);
  // Whether it is worth attaching again after a stream ended like this.
  bool IsWorthAnotherTry(const absl::Status& status, int failures) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Says, in the error, how the execution can be found again.
  absl::Status Explain(const absl::Status& status) const;
  void Accept(const std::string& id) ABSL_LOCKS_EXCLUDED(mutex_);
  void StartCancelling() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  AirlockClient& client_;
  EventSink& sink_;
  const absl::Time deadline_;
  OutputPosition position_;
  std::function<void(const std::string& id)> on_accepted_;

  mutable absl::Mutex mutex_;
  std::string id_ ABSL_GUARDED_BY(mutex_);
  bool cancel_requested_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancel_under_way_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread cancelling_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::cli
