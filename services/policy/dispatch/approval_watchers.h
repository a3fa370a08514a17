// Everybody who follows the approvals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "airlock/v1/approval.pb.h"

namespace airlock::policy {

using ApprovalWatcherId = std::uint64_t;

// One stream of approvals. Send() is called only after what was sent before was
// written. Thread-safe.
class ApprovalSink {
 public:
  virtual ~ApprovalSink() = default;
  virtual void Send(airlock::v1::WatchApprovalsResponse message) = 0;
  virtual void Finish(const absl::Status& status) = 0;
};

// Tells each watcher the newest state of each approval, at its own pace: of one
// that changes again before it was told only the newest state is kept. One that
// falls too far behind is finished with RESOURCE_EXHAUSTED. Not thread-safe:
// lives inside the dispatcher's serializer.
class ApprovalWatchers {
 public:
  explicit ApprovalWatchers(std::size_t max_behind) : max_behind_(max_behind) {}

  // Who follows.
  struct Follower {
    // Only its approvals; empty: all.
    std::string agent;
    // Who reads, as in an approval's answers. Empty: nobody who may answer.
    std::string approver;
    std::shared_ptr<ApprovalSink> sink;
  };
  // Tells `now` first, then that it was all.
  void Attach(ApprovalWatcherId id, Follower follower,
              const std::vector<airlock::v1::Approval>& now);
  // An approval that somebody who may answer some has read.
  struct Seen {
    std::string approval_id;
    std::string approver;
  };
  // What was sent to this watcher was written.
  std::optional<Seen> Written(ApprovalWatcherId id);
  void Detach(ApprovalWatcherId id) { watchers_.erase(id); }

  // An approval is new or has changed.
  void Tell(const airlock::v1::Approval& approval);

  // Finishes every stream.
  void Abort(const absl::Status& status);

 private:
  struct Watcher {
    Follower follower;
    // Ids in the order in which they are told; an empty one says that all that
    // was pending has been told.
    std::deque<std::string> order;
    absl::flat_hash_map<std::string, airlock::v1::Approval> newest;
    bool writing = false;
    // What is being written.
    std::string under_way;
  };

  static void Advance(Watcher& watcher);

  const std::size_t max_behind_;
  std::map<ApprovalWatcherId, Watcher> watchers_;
};

}  // namespace airlock::policy
