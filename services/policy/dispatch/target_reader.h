// What a file holds now that somebody is asked about writing to.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "common/time/clock.h"
#include "services/policy/dispatch/event_sink.h"
#include "services/policy/dispatch/execution_feed.h"
#include "services/policy/dispatch/execution_intake.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/placement.h"

namespace airlock::policy {

// Has the file of a pending file_write read where it would be written: in the
// sandbox of its session, or, where nothing ran in that yet, in one of its own.
// The read is an execution like any other, with a START and a place in the
// audit, in the name of who looks; agents do not see it.
//
// Not thread-safe: lives inside the dispatcher's serializer. All arguments must
// outlive it.
class TargetReader {
 public:
  // Of one file.
  static constexpr std::size_t kMaxBytes = 200'000;
  // Until an answer.
  static constexpr absl::Duration kPatience = absl::Seconds(10);
  // At once; each holds what it has read.
  static constexpr std::size_t kMaxReads = 64;

  struct Parts {
    const Clock& clock;
    ExecutionTable& table;
    Placement& placement;
    ExecutionIntake& intake;
    // The dispatcher's calls for watchers.
    std::function<WatcherId()> new_watcher;
    std::function<void(WatcherId)> written;
    std::function<void(WatcherId)> gone;
  };
  explicit TargetReader(Parts parts) : p_(std::move(parts)) {}

  using Done =
      std::function<void(absl::StatusOr<airlock::v1::ReadTargetResponse>)>;

  // `asked_by` looks at `approval`. Calls `done` once, within kPatience.
  // FAILED_PRECONDITION: it is not pending, or writes no file.
  // RESOURCE_EXHAUSTED: too many look at once. UNAVAILABLE: it could not be
  // read now.
  void Read(const std::string& asked_by, const airlock::v1::Approval& approval,
            Done done);

  // Gives up what takes too long.
  void Tick();

 private:
  class Sink;
  struct Pending {
    std::shared_ptr<Sink> sink;
    absl::Duration deadline;
  };

  // A request that reads what this execution would write to.
  absl::StatusOr<airlock::v1::ExecuteRequest> LookAt(
      const Execution& execution);

  Parts p_;
  std::map<WatcherId, Pending> reads_;
};

}  // namespace airlock::policy
