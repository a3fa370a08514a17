#include "services/policy/dispatch/dispatcher.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/dispatch/listing.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/page_request.h"

namespace airlock::policy {
namespace {

using PublicExecution = airlock::v1::Execution;

absl::Status NotFoundError(absl::string_view id) {
  return MakeError(absl::StatusCode::kNotFound, "EXECUTION_NOT_FOUND",
                   absl::StrCat("there is no execution with id \"", id, "\""),
                   {{"id", std::string(id)}});
}

bool MaySee(const Principal& principal, const PublicExecution& execution) {
  return principal.role != airlock::v1::PRINCIPAL_ROLE_AGENT ||
         (principal.id == execution.agent() && execution.asked_by().empty());
}

}  // namespace

Dispatcher::Dispatcher(Parts parts, const DispatchLimits& limits)
    : clock_(parts.clock),
      store_(parts.store),
      metrics_(parts.metrics),
      table_(limits.max_ended, limits.max_ended_output_bytes),
      queue_(limits.queue),
      sessions_(clock_, limits.sessions),
      placement_(pool_, sessions_),
      roster_({clock_, table_, pool_, metrics_}, limits.roster),
      journal_(serializer_, store_, metrics_),
      freezer_(clock_, journal_, metrics_),
      standing_({clock_, journal_, parts.policy, metrics_}, limits.standing),
      question_memory_(limits.questions),
      start_check_(parts.policy, placement_, standing_),
      waiting_({clock_, table_, queue_, pool_, sessions_, placement_, freezer_},
               limits.max_waiting_told),
      ends_({clock_, journal_, table_, pool_, placement_, metrics_}),
      approval_watchers_(limits.max_watcher_behind),
      approvals_({clock_, store_, serializer_, journal_, table_, ends_,
                  start_check_, approval_watchers_, parts.policy, metrics_,
                  limits.max_pending_approvals,
                  [this](Execution& execution) { flow_.Enqueue(execution); }}),
      question_opener_({clock_, parts.policy, approvals_, ends_, placement_,
                        question_memory_, metrics_}),
      flow_({clock_, journal_, table_, queue_, pool_, placement_, parts.minter,
             start_check_, freezer_, ends_, approvals_, standing_,
             question_opener_, metrics_},
            limits.flow),
      input_(pool_),
      session_flow_({clock_, table_, sessions_, pool_, placement_, flow_,
                     journal_, metrics_, limits.flow.lost}),
      session_opener_(parts.policy, sessions_, pool_, journal_),
      session_calls_({serializer_, sessions_, session_opener_, session_flow_}),
      events_({clock_, table_, pool_, roster_, flow_, input_, session_flow_,
               journal_, metrics_, std::move(parts.policy_id)},
              limits.link),
      intake_({serializer_, clock_, parts.policy, store_, journal_, table_,
               queue_, pool_, sessions_, session_opener_, flow_, ends_,
               approvals_, standing_, question_opener_, metrics_,
               limits.kept_output_bytes}),
      target_reader_({clock_, table_, placement_, intake_,
                      [this] { return NewWatcher(); },
                      [this](WatcherId watcher) { Written(watcher); },
                      [this](WatcherId watcher) { Gone(watcher); }}),
      approval_calls_({serializer_, store_, table_, approvals_,
                       approval_watchers_, parts.policy, target_reader_}),
      standing_calls_({serializer_, store_, table_, approvals_, standing_,
                       question_memory_, parts.policy}),
      recovery_(
          {clock_, parts.policy, journal_, table_, sessions_, session_flow_,
           freezer_, approvals_, standing_, question_opener_, flow_, ends_},
          {limits.kept_output_bytes, std::move(parts.program_version)}) {}

void Dispatcher::TakeUp(LiveState state) {
  auto shared = std::make_shared<LiveState>(std::move(state));
  serializer_.Submit([this, shared] { recovery_.TakeUp(std::move(*shared)); });
}

void Dispatcher::Freeze(const Principal& principal,
                        const airlock::v1::FreezeRequest& request,
                        FreezeDone done) {
  serializer_.Submit([this, actor = principal.id, request,
                      done = std::move(done)] {
    // First it holds; what runs is ended after that, so that nothing starts
    // between the two.
    auto killed = std::make_shared<std::uint32_t>(0);
    freezer_.Freeze(actor, request, [this, killed, done](absl::Status status) {
      airlock::v1::FreezeResponse response;
      response.set_killed(*killed);
      for (airlock::v1::FreezeState& state : freezer_.List()) {
        *response.add_freezes() = std::move(state);
      }
      if (status.ok()) {
        done(std::move(response));
      } else {
        done(status);
      }
    });
    flow_.OnFrozen();
    if (request.kill()) *killed = KillFrozen(request.agent(), actor);
  });
}

std::uint32_t Dispatcher::KillFrozen(const std::string& agent,
                                     const std::string& actor) {
  std::vector<Execution*> all;
  table_.ForEach([&](Execution& execution) {
    const bool runs = execution.phase == Phase::kStarting ||
                      execution.phase == Phase::kRunning;
    if (runs && (agent.empty() || execution.agent() == agent)) {
      all.push_back(&execution);
    }
  });
  for (Execution* execution : all) flow_.Cancel(*execution, "FROZEN", actor);
  return static_cast<std::uint32_t>(all.size());
}

void Dispatcher::Thaw(const Principal& principal,
                      const airlock::v1::ThawRequest& request, ThawDone done) {
  serializer_.Submit(
      [this, actor = principal.id, request, done = std::move(done)] {
        freezer_.Thaw(actor, request, [this, done](absl::Status status) {
          if (!status.ok()) {
            done(status);
            return;
          }
          airlock::v1::ThawResponse response;
          for (airlock::v1::FreezeState& state : freezer_.List()) {
            *response.add_freezes() = std::move(state);
          }
          flow_.Pump();
          done(std::move(response));
        });
      });
}

void Dispatcher::ListFreezes(FreezesDone done) {
  serializer_.Submit([this, done = std::move(done)] { done(freezer_.List()); });
}

void Dispatcher::Record(AuditEntry entry) {
  serializer_.Submit([this, entry = std::move(entry)]() mutable {
    Transaction transaction;
    transaction.audit.push_back(std::move(entry));
    journal_.Note(std::move(transaction));
  });
}

void Dispatcher::Execute(WatcherId watcher, const Principal& principal,
                         airlock::v1::ExecuteRequest request,
                         std::shared_ptr<EventSink> sink) {
  std::string hash = HashRequest(request);
  IncomingRequest incoming{watcher,         principal.id,    std::move(request),
                           std::move(hash), std::move(sink), /*asked_by=*/""};
  serializer_.Submit([this, incoming = std::move(incoming)]() mutable {
    intake_.Accept(std::move(incoming));
  });
}

void Dispatcher::Find(
    const Principal& principal, const std::string& id,
    std::function<void(absl::StatusOr<ExecutionRecord>)> done) {
  if (const Execution* execution = table_.Find(id)) {
    if (MaySee(principal, execution->record.execution)) {
      done(execution->record);
    } else {
      done(NotFoundError(id));
    }
    return;
  }
  store_.Find(id, [this, principal, id, done](auto found) {
    serializer_.Submit([principal, id, done, found = std::move(found)] {
      if (!found.ok()) {
        done(found.status());
      } else if (!found->has_value() ||
                 !MaySee(principal, (*found)->execution)) {
        done(NotFoundError(id));
      } else {
        done(**found);
      }
    });
  });
}

void Dispatcher::Watch(WatcherId watcher, const Principal& principal,
                       const airlock::v1::WatchExecutionRequest& request,
                       std::shared_ptr<EventSink> sink) {
  WatchOptions options;
  options.stdout_offset = request.stdout_offset();
  options.stderr_offset = request.stderr_offset();
  serializer_.Submit([=, this, id = request.id()] {
    Find(principal, id, [=, this](absl::StatusOr<ExecutionRecord> record) {
      if (!record.ok()) {
        sink->Finish(record.status());
        return;
      }
      Execution* known = table_.Find(id);
      Execution& execution =
          known != nullptr ? *known : table_.Restore(*std::move(record));
      table_.Attach(execution, watcher, sink, options, clock_.Now());
      table_.DropOldest();
    });
  });
}

void Dispatcher::Written(WatcherId watcher) {
  serializer_.Submit([this, watcher] {
    Execution* execution = table_.WatchedBy(watcher);
    if (execution == nullptr) return;
    execution->feed.Written(watcher);
    flow_.UpdateCredit(*execution);
  });
}

void Dispatcher::Gone(WatcherId watcher) {
  serializer_.Submit([this, watcher] {
    Execution* execution = table_.WatchedBy(watcher);
    table_.ForgetWatcher(watcher);
    if (execution == nullptr) return;
    if (execution->feed.Detach(watcher)) {
      flow_.Cancel(*execution, "CANCELLED");
    }
    // Nobody may be left to hold the output back.
    flow_.UpdateCredit(*execution);
  });
}

void Dispatcher::Get(const Principal& principal, std::string id,
                     RecordDone done) {
  serializer_.Submit([=, this, id = std::move(id), done = std::move(done)] {
    Find(principal, id, [=, this](absl::StatusOr<ExecutionRecord> record) {
      const Execution* known = table_.Find(id);
      if (record.ok() && known != nullptr) record->spec = known->spec;
      done(std::move(record));
    });
  });
}

void Dispatcher::Cancel(const Principal& principal, std::string id,
                        ExecutionDone done) {
  serializer_.Submit([=, this, id = std::move(id), done = std::move(done)] {
    Find(principal, id,
         [this, id, done,
          actor = principal.id](absl::StatusOr<ExecutionRecord> record) {
           if (record.ok()) {
             CancelKnown(*record, actor, done);
           } else {
             done(record.status());
           }
         });
  });
}

void Dispatcher::CancelKnown(const ExecutionRecord& record,
                             const std::string& actor,
                             const ExecutionDone& done) {
  Execution* execution = table_.Find(record.execution.id());
  // What has not started must not start after a restart either: the answer
  // waits until that is recorded. What runs ends when its executor says so.
  const bool waits =
      execution != nullptr && (execution->phase == Phase::kAwaitingApproval ||
                               execution->phase == Phase::kQueued ||
                               execution->phase == Phase::kPreparing);
  if (waits) {
    execution->end_waiters.push_back(
        [done, told = record.execution](const absl::Status& status) {
          if (status.ok()) {
            done(told);
          } else {
            done(status);
          }
        });
  } else {
    done(record.execution);
  }
  if (execution != nullptr) flow_.Cancel(*execution, "CANCELLED", actor);
}

void Dispatcher::List(const Principal& principal,
                      const airlock::v1::ListExecutionsRequest& request,
                      Store::ListDone done) {
  absl::StatusOr<ExecutionQuery> query = QueryFromRequest(principal, request);
  if (!query.ok()) {
    done(query.status());
    return;
  }
  serializer_.Submit([this, query = *std::move(query), done = std::move(done)] {
    store_.List(query, [this, query, done](absl::StatusOr<ExecutionPage> page) {
      serializer_.Submit([this, query, done, page = std::move(page)]() mutable {
        if (page.ok()) MergeLive(query, *page);
        done(std::move(page));
      });
    });
  });
}

void Dispatcher::MergeLive(const ExecutionQuery& query, ExecutionPage& page) {
  std::vector<LiveExecution> live;
  table_.ForEach([&](Execution& execution) {
    if (execution.phase != Phase::kEnded) {
      live.push_back({execution.record.execution, execution.spec});
    }
  });
  MergePage(query, live, page);
}

void Dispatcher::ListWaiting(const Principal& principal,
                             const std::string& agent, WaitingDone done) {
  absl::StatusOr<std::string> wanted = AgentToList(principal, agent);
  if (!wanted.ok()) {
    done(wanted.status());
    return;
  }
  serializer_.Submit([this, wanted = *std::move(wanted),
                      done = std::move(done)] { done(waiting_.List(wanted)); });
}

void Dispatcher::WriteStdin(const Principal& principal, std::string id,
                            InputWrite write) {
  // Shared, because it holds much and functions are copied.
  auto shared = std::make_shared<InputWrite>(std::move(write));
  serializer_.Submit([=, this, id = std::move(id)] {
    Find(principal, id, [=, this](absl::StatusOr<ExecutionRecord> record) {
      Execution* execution = table_.Find(id);
      if (!record.ok()) {
        shared->done(record.status());
      } else if (execution == nullptr) {
        // Only what has ended is not in the table.
        shared->done(ExecutionEndedError(id));
      } else {
        input_.Write(*execution, std::move(*shared));
      }
    });
  });
}

void Dispatcher::AbandonWrite(std::string id, WriteId write) {
  serializer_.Submit([this, id = std::move(id), write] {
    Execution* execution = table_.Find(id);
    if (execution != nullptr) execution->input.Abandon(write);
  });
}

void Dispatcher::ListExecutors(ExecutorsDone done) {
  serializer_.Submit([this, done = std::move(done)] { done(roster_.List()); });
}

void Dispatcher::SetExecutorOrder(std::string id, ExecutorOrder order,
                                  ExecutorDone done) {
  serializer_.Submit([this, id = std::move(id), order, done = std::move(done)] {
    done(roster_.SetOrder(id, order));
    // It may take work again.
    flow_.Pump();
  });
}

void Dispatcher::OnMessage(LinkId link,
                           std::shared_ptr<ExecutorChannel> channel,
                           airlock::internal::v1::ConnectRequest message) {
  serializer_.Submit([this, link, channel = std::move(channel),
                      message = std::move(message)]() mutable {
    events_.OnMessage(link, channel, std::move(message));
  });
}

void Dispatcher::OnLinkClosed(LinkId link) {
  serializer_.Submit([this, link] { events_.OnClosed(link); });
}

void Dispatcher::Tick() {
  serializer_.Submit([this] {
    journal_.Tick(clock_.Monotonic());
    recovery_.Tick();
    events_.Tick();
    roster_.Tick();
    session_flow_.Tick();
    approvals_.Tick();
    standing_.Tick();
    target_reader_.Tick();
    std::vector<Execution*> all;
    table_.ForEach([&](Execution& execution) {
      const bool moves = execution.phase != Phase::kEnded &&
                         execution.phase != Phase::kAwaitingApproval;
      if (moves) all.push_back(&execution);
    });
    for (Execution* execution : all) flow_.Tick(*execution);
    flow_.Pump();
    live_ = all.size();
    metrics_.SetLive(table_.live());
  });
}

void Dispatcher::BeginDrain() {
  serializer_.Submit([this] {
    intake_.Close();
    session_calls_.StopCreating();
  });
}

void Dispatcher::Close() {
  serializer_.Submit([this] { journal_.Close(); });
}

void Dispatcher::AbortStreams() {
  serializer_.Submit([this] {
    const absl::Status status = WithRetryDelay(
        MakeError(absl::StatusCode::kUnavailable, "POLICY_STOPPED",
                  "this policy service has stopped; attach again"),
        absl::Seconds(1));
    table_.ForEach([&](Execution& execution) {
      execution.feed.Abort(status);
      execution.input.Interrupt(status);
    });
    approval_watchers_.Abort(status);
    for (const auto& [link, executor] : pool_.all()) {
      executor.channel->Close(status);
    }
  });
}

}  // namespace airlock::policy
