// Following approvals, over as many streams as that takes.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/v1/approval.pb.h"
#include "services/cli/approvals/open_approvals.h"
#include "services/cli/client/airlock_client.h"

namespace airlock::cli {

// Who is told. Called by the thread that runs the feed.
class ApprovalListener {
 public:
  virtual ~ApprovalListener() = default;

  // An approval is new or has changed, without `view`.
  virtual void OnApproval(const airlock::v1::Approval& approval) = 0;
  // Everything that is pending now was told, for the first time.
  virtual void OnCaughtUp() = 0;
  // One line for a human about the connection.
  virtual void OnNote(absl::string_view text) = 0;
};

// Follows all approvals, or those of one agent. A stream that breaks is opened
// again after a pause that grows up to 10 s, for as long as it takes; what
// changed meanwhile is told then, and what was told before is not told twice.
class ApprovalFeed {
 public:
  // Both must outlive this. `agent` may be empty: all.
  ApprovalFeed(AirlockClient& client, std::string agent,
               ApprovalListener& listener);

  // Follows until Stop(), then returns OK. Blocks. An error is one that another
  // try would not mend, such as PERMISSION_DENIED. Call once.
  absl::Status Run() ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes Run() return soon. Any thread may call it, before Run() too.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // One stream from its beginning to its end.
  absl::Status Follow() ABSL_LOCKS_EXCLUDED(mutex_);
  void Take(const airlock::v1::Approval& approval);
  void CatchUp();
  // Says so if it was not said, waits; false: stopped.
  bool PauseAfter(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  AirlockClient& client_;
  const std::string agent_;
  ApprovalListener& listener_;
  OpenApprovals open_;
  bool caught_up_ = false;
  // Streams that broke since the last message.
  int failures_ = 0;

  absl::Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // The stream under way, for Stop() to end.
  ApprovalStream* stream_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace airlock::cli
