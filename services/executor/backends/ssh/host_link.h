// The thread that keeps an executor connected to its host.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/executor/backends/ssh/connection/runner_upload.h"
#include "services/executor/backends/ssh/connection/ssh_connection.h"
#include "services/executor/backends/ssh/connection/wake_up.h"
#include "services/executor/backends/ssh/host_talk.h"

namespace airlock::executor {

// What becomes of connections.
enum class HostLinkEvent {
  // A host is there whose cells, if any, are new.
  kConnected,
  // The host of before is there again, with its cells.
  kResumed,
  // It was there and is not any more.
  kLost,
  // A try to reach it failed.
  kFailed,
};

// Which account of which host, and as whom.
struct HostLinkOptions {
  SshTarget target;
  RunnerBinaries runners;
  // As UploadRunner().
  std::string runner_directory;
  std::string executor_id;
  std::string boot;
  // The delegated control group. "": the host's default.
  std::string cgroup;
  // Between words that keep firewalls from forgetting the connection.
  absl::Duration keepalive_interval = absl::Seconds(5);
  // Hears of each, on the link's thread; it must not block. May be empty.
  std::function<void(HostLinkEvent)> on_event{};
};

// Dials, uploads the runner, starts the line to the host program and carries
// what HostTalk says, over one connection after another, with growing pauses.
// Thread-safe. Destruction ends a dial that is under way; if the host is there
// it removes all cells, for which it blocks a few seconds at most.
class HostLink {
 public:
  // Begins to dial. `clock` must outlive this.
  HostLink(HostLinkOptions options, const Clock& clock);
  ~HostLink();
  HostLink(const HostLink&) = delete;
  HostLink& operator=(const HostLink&) = delete;

  // Blocks until the host is there. Else why not: the error of the last try,
  // which a try that began earlier may have left.
  absl::Status WaitConnected(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  // Breaks the connection; the next one follows. For tests.
  void BreakConnection() { break_asked_ = true; }

  HostTalk& talk() { return *talk_; }
  // For streams of cells.
  std::weak_ptr<CellSender> sender() const { return talk_; }

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status ServeOnce() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::unique_ptr<SshConnection>> Connect();
  absl::Status Pump(SshConnection& connection) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Send(SshConnection& connection);
  // Takes what came; until the mark of the line, only that is looked for.
  absl::Status Take(absl::string_view bytes);
  // Whether more may be there.
  absl::StatusOr<bool> Receive(SshConnection& connection);
  void WaitForSomething(const SshConnection& connection) const;
  void Pause(absl::Duration pause) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetStatus(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void Tell(HostLinkEvent event) const;
  bool stopping() const ABSL_LOCKS_EXCLUDED(mutex_);

  const HostLinkOptions options_;
  const Clock& clock_;
  // Shared: a stream may be saying something while we go.
  const std::shared_ptr<const WakeUp> wake_;
  // Rung once: ends what blocks the thread.
  const WakeUp stop_;
  const std::shared_ptr<HostTalk> talk_;
  std::atomic<bool> break_asked_ = false;

  // The thread's own.
  // Whether the connection may be one to the host of before, and whether it
  // came to be.
  bool resumes_ = false;
  bool announced_ = false;
  std::string writing_;
  std::size_t written_ = 0;
  std::string complaint_;
  // Of the line that is connected, until it came; and what came before it.
  std::string mark_;
  std::string before_mark_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // OK: the host is there.
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  // Tries that ended.
  std::uint64_t tries_ ABSL_GUARDED_BY(mutex_) = 0;

  // Last: it uses everything above.
  std::thread thread_;
};

}  // namespace airlock::executor
