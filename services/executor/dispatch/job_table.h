// The jobs of an executor: which it takes, holds and gives up.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/concurrency/serializer.h"
#include "services/executor/dispatch/job.h"
#include "services/executor/dispatch/link_shares.h"
#include "services/executor/dispatch/policy_connection.h"
#include "services/executor/dispatch/status_teller.h"

namespace airlock::executor {

// Who the executor is and how much it can do.
struct JobTableOptions {
  std::string executor_id;
  // 16 bytes.
  std::string boot_nonce;
  // Told in Hello.
  std::string version;
  std::map<std::string, std::string> labels;
  // Jobs held at once; at least one for each link.
  std::size_t slots = 1;
  // Policy replicas.
  std::size_t links = 1;
  // Sessions at once, told to the replicas in even shares.
  std::size_t sessions = 0;
};

// Takes jobs from the links and leads them through their lives.
//
// Each link has a fixed share of the slots, so that no replica can starve
// another. A slot is used from the credit until the job's end is recorded and
// its sandbox is gone; so whatever is held is bounded by the slots.
//
// Without any message from any replica for the lease, everything that runs is
// killed and the rest is given up. Thread-safe; all state is touched in one
// serializer only. Owned by a shared_ptr, because sandboxes may speak while it
// goes.
class JobTable final : public PolicyEvents,
                       public std::enable_shared_from_this<JobTable> {
 public:
  // All but `on_change`, `post` and `on_backend_trouble`'s default are the
  // caller's to set in `services`.
  static std::shared_ptr<JobTable> Make(const JobTableOptions& options,
                                        const JobServices& services);

  internal::v1::Hello MakeHello(std::size_t link) override;
  void OnConnected(std::size_t link,
                   std::shared_ptr<PolicyConnection> connection,
                   const internal::v1::Welcome& welcome) override;
  void OnMessage(std::size_t link, internal::v1::ConnectResponse message,
                 absl::Duration received_at) override;
  void OnDisconnected(std::size_t link) override;

  // Whether the backend can be used: credits are given only while it is.
  void SetBackend(bool up, const std::vector<BackendImage>& images);
  // What the executor has, for operators: told on each new stream, and to all
  // when it changes. `ready` and `sessions` are the table's to say.
  void SetStatus(internal::v1::ExecutorStatus status);
  // Looks at the time. Called about every 200 ms.
  void Tick();

  // Takes no more jobs, tells every replica, and gives back what has not
  // started.
  void StartDrain();
  // Kills what runs; `reason` goes into the outcomes.
  void CancelAll(const std::string& reason);
  // Blocks until no job is held, or until `deadline`; whether none is.
  bool WaitIdle(absl::Time deadline) ABSL_LOCKS_EXCLUDED(idle_mutex_);
  // The same, but jobs whose sandboxes are gone may wait for their policy.
  bool WaitStill(absl::Time deadline) ABSL_LOCKS_EXCLUDED(idle_mutex_);
  // After this nothing happens any more. Blocks for a moment. Everything in
  // `services` may go afterwards.
  void Stop() ABSL_LOCKS_EXCLUDED(idle_mutex_);

  // Whether a replica is connected, the backend is up and it does not drain.
  bool ready() const { return ready_; }

 private:
  JobTable(const JobTableOptions& options, JobServices services);

  void Post(std::function<void()> function);
  // Posts `function` and waits until it has run.
  void PostAndWait(std::function<void()> function);

  void HandleMessage(std::size_t link,
                     const internal::v1::ConnectResponse& message,
                     absl::Duration received_at);
  void HandleJob(std::size_t link, const internal::v1::Job& message,
                 absl::Duration received_at);
  void HandleGrant(std::size_t link, const internal::v1::Grant& grant,
                   absl::Duration received_at);
  // Whether the job may be taken; what is older of it is cancelled.
  bool TakesFence(const internal::v1::Job& message);
  void AcceptJob(std::size_t link, const internal::v1::Job& message,
                 absl::Duration received_at);
  // For a job that came without credit: it is not held.
  void AnswerWithoutCredit(std::size_t link, const internal::v1::Job& message);
  // Nothing if the link has no such job.
  std::shared_ptr<Job> FindJob(std::size_t link, const JobKey& key) const;
  void HandleChange(const JobKey& key);
  void TellImages();
  void TellStatus();
  void AddImages(
      google::protobuf::RepeatedPtrField<internal::v1::Image>& told) const;
  // For each job, also if `function` ends jobs.
  void ForEachJob(const std::function<void(Job&)>& function);
  void CheckLease();
  // Cancels what runs in a session, and removes it.
  void EndSession(std::size_t link, const std::string& id);
  // Tells of sessions that were lost while nothing ran in them.
  void CheckSessions();
  // Ends all sessions, and tells their policies why.
  void EndSessions(absl::string_view reason);
  void TellSessionEnded(std::size_t link, const std::string& id,
                        absl::string_view reason);
  void Update();
  void GiveCredits(LinkShares::When when);

  const JobTableOptions options_;
  JobServices services_;
  // Held by whoever runs in it, so that it outlives the table.
  const std::shared_ptr<Serializer> serializer_;
  std::atomic<bool> ready_ = false;

  // Only in the serializer:
  LinkShares links_;
  std::map<JobKey, std::shared_ptr<Job>> jobs_;
  std::vector<BackendImage> images_;
  // Absent until it is known.
  std::optional<internal::v1::ExecutorStatus> status_;
  StatusTeller status_teller_;
  bool backend_up_ = false;
  bool draining_ = false;
  bool stopped_ = false;
  absl::Duration lease_ = absl::Seconds(60);
  absl::Duration last_contact_;

  absl::Mutex idle_mutex_;
  std::size_t held_ ABSL_GUARDED_BY(idle_mutex_) = 0;
  // Of these, jobs of which something is left.
  std::size_t alive_ ABSL_GUARDED_BY(idle_mutex_) = 0;
};

}  // namespace airlock::executor
