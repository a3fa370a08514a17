// What clients ask about approvals.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "airlock/v1/approval.pb.h"
#include "common/concurrency/serializer.h"
#include "common/security/authenticator.h"
#include "services/policy/dispatch/approval_flow.h"
#include "services/policy/dispatch/approval_watchers.h"
#include "services/policy/dispatch/execution_table.h"
#include "services/policy/dispatch/target_reader.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Thread-safe: every call is applied inside the serializer. Nothing blocks. All
// arguments must outlive it.
//
// An agent sees its own approvals; what does not exist and what is another
// agent's are both NOT_FOUND.
class ApprovalCalls {
 public:
  struct Parts {
    Serializer& serializer;
    Store& store;
    ExecutionTable& table;
    ApprovalFlow& approvals;
    ApprovalWatchers& watchers;
    const PolicySource& policy;
    TargetReader& targets;
  };
  explicit ApprovalCalls(Parts parts) : p_(parts) {}

  using ApprovalDone = ApprovalFlow::Done;
  using ListDone =
      std::function<void(absl::StatusOr<airlock::v1::ListApprovalsResponse>)>;

  void List(const Principal& principal,
            const airlock::v1::ListApprovalsRequest& request, ListDone done);
  // With `view`, where the agent's contract shows everything.
  void Get(const Principal& principal, const std::string& id,
           ApprovalDone done);
  // As TargetReader::Read.
  void ReadTarget(const Principal& principal, const std::string& id,
                  TargetReader::Done done);
  void Decide(const Principal& principal,
              const airlock::v1::DecideApprovalRequest& request,
              ApprovalDone done);
  void Cancel(const Principal& principal, const std::string& id,
              ApprovalDone done);

  // A watcher is named before it is used, so that its stream can report what
  // happens to it.
  ApprovalWatcherId NewWatcher() { return next_watcher_++; }
  void Watch(ApprovalWatcherId watcher, const Principal& principal,
             const airlock::v1::WatchApprovalsRequest& request,
             std::shared_ptr<ApprovalSink> sink);
  void Written(ApprovalWatcherId watcher);
  void Gone(ApprovalWatcherId watcher);

 private:
  // Finds one that the principal may see; `then` is called in the serializer.
  void Find(const Principal& principal, const std::string& id,
            std::function<void(absl::StatusOr<ApprovalRecord>)> then);
  void AddView(airlock::v1::Approval approval, const ApprovalDone& done);

  Parts p_;
  std::atomic<ApprovalWatcherId> next_watcher_ = 1;
};

}  // namespace airlock::policy
