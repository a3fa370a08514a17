// What one execution tells, and everybody who listens.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "services/policy/dispatch/event_sink.h"
#include "services/policy/dispatch/output_log.h"

namespace airlock::policy {

using WatcherId = std::uint64_t;

// Output that may be on its way to a client who holds credit.
inline constexpr std::uint64_t kOutputWindow = 512 * 1024;

// How somebody listens.
struct WatchOptions {
  // First bytes wanted.
  std::uint64_t stdout_offset = 0;
  std::uint64_t stderr_offset = 0;
  // Whether output waits for this watcher: one at most, the first to ask.
  bool holds_credit = false;
  // Whether the execution ends when this watcher goes.
  bool cancel_on_disconnect = false;
};

// The events and the kept output of one execution, given to each watcher at
// its own pace: one event is under way to a watcher at any time, so a slow one
// costs no memory. Not thread-safe; lives inside the dispatcher's serializer.
class ExecutionFeed {
 public:
  explicit ExecutionFeed(std::size_t kept_output_bytes)
      : output_(kept_output_bytes) {}

  // Adds a watcher: it gets `accepted` with `now_at` first, then the output
  // from its offsets and every later event. `id` is unused so far.
  void Attach(WatcherId id, std::shared_ptr<EventSink> sink,
              const WatchOptions& options, const airlock::v1::Execution& now_at,
              absl::Time time);

  // The event under way to this watcher was written: the next one may follow.
  void Written(WatcherId id);

  // Removes a watcher that is gone. Whether it had asked for the execution to
  // end with it.
  bool Detach(WatcherId id);

  // Tells a change of state, progress of the sandbox, or output.
  void AddEvent(airlock::v1::ExecutionEvent event);
  void AddOutput(airlock::v1::OutputChunk chunk);

  // What is before these offsets, and did not come yet, will never come.
  void BeginAt(std::uint64_t stdout_offset, std::uint64_t stderr_offset) {
    output_.BeginAt(stdout_offset, stderr_offset);
  }

  // Tells the end: every watcher gets the rest of the output, then
  // `completed`, and is finished and removed.
  void Complete(const airlock::v1::Execution& execution, absl::Time time);

  // Finishes every watcher with an error, such as when the service stops.
  void Abort(const absl::Status& status);

  // Output the executor may have sent since the start: what the watcher with
  // credit has taken, or with none what has come, plus the window.
  std::uint64_t CreditLimit() const;

  const OutputLog& output() const { return output_; }
  bool has_watchers() const { return !watchers_.empty(); }

 private:
  struct Watcher {
    std::shared_ptr<EventSink> sink;
    std::optional<airlock::v1::ExecutionEvent> accepted;
    std::uint64_t next_event = 0;
    std::uint64_t next_chunk = 0;
    // Next offset of standard output and of standard error.
    std::array<std::uint64_t, 2> next_offset = {0, 0};
    bool holds_credit = false;
    bool cancel_on_disconnect = false;
    bool writing = false;
  };
  using Watchers = std::map<WatcherId, Watcher>;

  std::optional<airlock::v1::ExecutionEvent> NextEvent(Watcher& watcher) const;
  std::optional<airlock::v1::ExecutionEvent> NextOutput(Watcher& watcher) const;
  std::optional<airlock::v1::ExecutionEvent> NextChunk(Watcher& watcher) const;
  // Adds the chunks that follow to one that is told, as far as they go on with
  // it: few long events cost less than many short ones.
  void JoinChunks(Watcher& watcher, airlock::v1::OutputChunk& told) const;
  // What was written up to the end but is not kept.
  std::optional<airlock::v1::ExecutionEvent> NextLost(Watcher& watcher) const;
  // Sends the watcher its next event, if there is one and none is under way.
  // Returns the watcher after this one, which may be gone then.
  Watchers::iterator Advance(Watchers::iterator it);
  void AdvanceAll();
  std::uint64_t Pinned() const;

  OutputLog output_;
  // Events other than output; watchers that joined later see only later ones.
  std::vector<airlock::v1::ExecutionEvent> events_;
  std::optional<airlock::v1::ExecutionEvent> completed_;
  Watchers watchers_;
};

}  // namespace airlock::policy
