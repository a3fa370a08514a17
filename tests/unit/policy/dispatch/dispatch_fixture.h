// A dispatcher with fakes around it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "airlock/internal/v1/spec.pb.h"
#include "common/config/config_file.h"
#include "common/security/ed25519.h"
#include "prometheus/registry.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/store/memory/memory_store.h"
#include "tests/support/fake_clock.h"

namespace airlock::policy {

// A client's stream: keeps what it was sent, and takes the next event at once
// unless it is slow.
class FakeSink final : public EventSink {
 public:
  FakeSink(Dispatcher& dispatcher, bool slow)
      : dispatcher_(dispatcher),
        watcher_(dispatcher.NewWatcher()),
        slow_(slow) {}

  void Send(airlock::v1::ExecutionEvent event) override {
    EXPECT_FALSE(finished_.has_value());
    events_.push_back(std::move(event));
    if (!slow_) dispatcher_.Written(watcher_);
  }
  void SendLast(airlock::v1::ExecutionEvent event) override {
    EXPECT_FALSE(finished_.has_value());
    events_.push_back(std::move(event));
    finished_ = absl::OkStatus();
  }
  void Finish(const absl::Status& status) override { finished_ = status; }
  bool closed() const override { return closed_; }

  // A slow client reads one event.
  void TakeOne() { dispatcher_.Written(watcher_); }
  // The client goes.
  void GoAway() {
    closed_ = true;
    dispatcher_.Gone(watcher_);
  }

  WatcherId watcher() const { return watcher_; }
  const std::vector<airlock::v1::ExecutionEvent>& events() const {
    return events_;
  }
  const std::optional<absl::Status>& finished() const { return finished_; }

  // The id of the execution, from the first event.
  std::string id() const { return events_.at(0).accepted().id(); }
  // The last event's execution. Fails the test if it has not ended.
  airlock::v1::Execution completed() const;
  // All of one stream, as it came.
  std::string output(airlock::v1::OutputStream stream) const;
  std::uint64_t skipped_bytes() const;

 private:
  Dispatcher& dispatcher_;
  const WatcherId watcher_;
  const bool slow_;
  std::vector<airlock::v1::ExecutionEvent> events_;
  std::optional<absl::Status> finished_;
  bool closed_ = false;
};

// An executor's end of a link, by hand.
class FakeExecutor final : public ExecutorChannel,
                           public std::enable_shared_from_this<FakeExecutor> {
 public:
  FakeExecutor(Dispatcher& dispatcher, std::string id, char boot)
      : dispatcher_(dispatcher), id_(std::move(id)), boot_(16, boot) {}

  void Send(airlock::internal::v1::ConnectResponse message) override {
    sent_.push_back(std::move(message));
  }
  void Close(const absl::Status& status) override { closed_ = status; }

  // Opens a new link and says hello, holding these jobs and sessions.
  void Connect(std::vector<airlock::internal::v1::HeldJob> held = {},
               const std::vector<std::string>& sessions = {});
  void Disconnect() { dispatcher_.OnLinkClosed(link_); }

  void GiveCredits(std::uint32_t starts);
  void SayHeartbeat();
  void SayDraining();
  void SayReady(const airlock::internal::v1::Job& job,
                const std::string& image_id = "");
  void SayOutput(const airlock::internal::v1::Job& job, std::uint64_t offset,
                 std::string data);
  void SayEnded(const airlock::internal::v1::Job& job,
                airlock::v1::Outcome::EndedBy ended_by, bool retriable = false);
  // The process is over, and its session gone with it.
  void SayEndedWithSession(const airlock::internal::v1::Job& job,
                           airlock::v1::Outcome::EndedBy ended_by);
  void SaySessionEnded(const std::string& id, const std::string& reason);
  void Say(airlock::internal::v1::ConnectRequest message);

  std::vector<airlock::internal::v1::Job> jobs() const;
  std::vector<airlock::internal::v1::Grant> grants() const;
  // Ids of the sessions it was told to end.
  std::vector<std::string> ended_sessions() const;
  // The messages of one kind, such as kCancelJob.
  int Count(airlock::internal::v1::ConnectResponse::MessageCase kind) const;
  const airlock::internal::v1::ConnectResponse& last() const {
    return sent_.back();
  }
  const std::vector<airlock::internal::v1::ConnectResponse>& sent() const {
    return sent_;
  }
  const std::optional<absl::Status>& closed() const { return closed_; }
  void set_session_slots(std::uint32_t slots) { session_slots_ = slots; }
  void set_backend(std::string backend) { backend_ = std::move(backend); }
  const std::string& id() const { return id_; }
  const std::string& boot() const { return boot_; }

 private:
  Dispatcher& dispatcher_;
  const std::string id_;
  const std::string boot_;
  LinkId link_ = 0;
  std::uint32_t session_slots_ = 8;
  std::string backend_ = "docker";
  std::vector<airlock::internal::v1::ConnectResponse> sent_;
  std::optional<absl::Status> closed_;
};

// A store whose completions a test may hold back or make fail.
class HeldStore final : public Store {
 public:
  explicit HeldStore(std::size_t max_kept) : memory_(max_kept) {}

  void Commit(Transaction transaction, CommitDone done) override;
  void LoadLive(absl::Time rejected_since, Done<LiveState> done) override {
    memory_.LoadLive(rejected_since, std::move(done));
  }
  void Find(absl::string_view id, FindDone done) override {
    memory_.Find(id, std::move(done));
  }
  void FindRequest(absl::string_view agent, absl::string_view request_id,
                   FindDone done) override {
    memory_.FindRequest(agent, request_id, std::move(done));
  }
  void List(const ExecutionQuery& query, ListDone done) override {
    memory_.List(query, std::move(done));
  }
  void ReadHistory(const ExecutionQuery& query, HistoryParts parts,
                   Done<HistoryPage> done) override {
    memory_.ReadHistory(query, parts, std::move(done));
  }
  void FindApproval(absl::string_view id, FindApprovalDone done) override {
    memory_.FindApproval(id, std::move(done));
  }
  void ListApprovals(const ApprovalQuery& query,
                     Done<ApprovalPage> done) override {
    memory_.ListApprovals(query, std::move(done));
  }
  void ListAudit(const AuditQuery& query, Done<AuditPage> done) override {
    memory_.ListAudit(query, std::move(done));
  }
  void ReadAudit(
      std::uint64_t first, int count,
      Done<std::vector<airlock::v1::SealedAuditRecord>> done) override {
    memory_.ReadAudit(first, count, std::move(done));
  }
  void GetAuditHead(Done<AuditHead> done) override {
    memory_.GetAuditHead(std::move(done));
  }
  void Forget(const Retention& retention, CommitDone done) override {
    memory_.Forget(retention, std::move(done));
  }

  void Hold() { holding_ = true; }
  void Release();
  // The next transaction about an execution or an approval fails.
  void FailNextPut(absl::Status status) { next_ = std::move(status); }
  // Transactions about executions.
  int puts() const { return puts_; }

 private:
  MemoryStore memory_;
  bool holding_ = false;
  absl::Status next_;
  int puts_ = 0;
  std::vector<std::function<void()>> held_;
};

class DispatchFixture : public testing::Test {
 protected:
  void MakeDispatcher();
  // It is to be told what the store has.
  void MakeDispatcherOnly();

  // `config` is the text of a configuration file.
  explicit DispatchFixture(const std::string& config = kFullAutonomy,
                           DispatchLimits limits = DispatchLimits());
  ~DispatchFixture() override;

  // Asks for `echo <word>` in the name of an agent.
  std::shared_ptr<FakeSink> Execute(const std::string& agent,
                                    const std::string& request_id,
                                    const std::string& word = "hello",
                                    bool slow = false,
                                    bool cancel_on_disconnect = false);
  // Asks for any action in the name of an agent.
  std::shared_ptr<FakeSink> Send(const std::string& agent,
                                 const airlock::v1::ExecuteRequest& request,
                                 bool slow = false);
  std::shared_ptr<FakeSink> Watch(const std::string& agent,
                                  const std::string& id,
                                  std::uint64_t stdout_offset = 0);
  absl::Status Cancel(const std::string& agent, const std::string& id);
  absl::StatusOr<airlock::v1::Execution> Get(const std::string& agent,
                                             const std::string& id);
  std::shared_ptr<FakeExecutor> NewExecutor(const std::string& id,
                                            char boot = 'a',
                                            std::uint32_t credits = 1,
                                            std::uint32_t session_slots = 8);
  // The same in a session.
  std::shared_ptr<FakeSink> ExecuteIn(const std::string& agent,
                                      const std::string& session,
                                      const std::string& request_id);
  // Runs the executor's newest job up to its grant.
  static airlock::internal::v1::Job RunNewest(FakeExecutor& executor);
  // Runs it to its end.
  static airlock::internal::v1::Job FinishNewest(FakeExecutor& executor);
  // What a job says that runs.
  static airlock::internal::v1::ExecutionSpec SpecOf(
      const airlock::internal::v1::Job& job);
  // What an executor says of a started job it still holds.
  static airlock::internal::v1::HeldJob Held(
      const airlock::internal::v1::Job& job);
  // Another configuration takes the place of the one in force.
  void ReplacePolicy(const std::string& config);
  // The service ends as if it was killed, and another one takes its place over
  // the same store. Executors and streams of the old one are gone.
  void Restart();

  airlock::v1::Approval PendingOf(const FakeSink& sink);
  absl::StatusOr<airlock::v1::Approval> Decide(
      const std::string& approver, const airlock::v1::Approval& approval,
      airlock::v1::ApprovalAnswer::Answer answer,
      const std::string& comment = "");
  absl::StatusOr<airlock::v1::Approval> FindApproval(const std::string& id);
  // Who did what the last record of a type is about.
  std::string LastActorOf(airlock::v1::AuditEventType type);
  // The types of all records of the audit, first to last.
  std::vector<airlock::v1::AuditEventType> AuditTypes();

  // The value of a gauge without labels.
  double Gauge(const std::string& name);
  // Lets `by` pass, with the ticks that belong to it, while connected
  // executors keep their heartbeats.
  void Pass(absl::Duration by);

  static constexpr char kFullAutonomy[] = R"({"autonomy":{"level":"full"}})";

  FakeClock clock_;
  // What the next reload reads.
  ConfigReading reading_;
  std::unique_ptr<PolicySource> policy_;
  const std::shared_ptr<const SigningKey> key_ =
      std::make_shared<const SigningKey>(SigningKey::Generate());
  GrantMinter minter_{[this] { return key_; }};
  prometheus::Registry registry_;
  PolicyMetrics metrics_{registry_};
  HeldStore store_{100};
  DispatchLimits limits_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::vector<std::shared_ptr<FakeExecutor>> executors_;
};

}  // namespace airlock::policy
