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
  return principal.role == airlock::v1::PRINCIPAL_ROLE_OPERATOR ||
         principal.id == execution.agent();
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
      waiting_({clock_, table_, queue_, pool_, sessions_, placement_},
               limits.max_waiting_told),
      ends_({serializer_, clock_, store_, table_, pool_, placement_, metrics_}),
      flow_({serializer_, clock_, store_, table_, queue_, pool_, placement_,
             parts.minter, ends_, metrics_},
            limits.flow),
      input_(pool_),
      session_flow_({clock_, table_, sessions_, pool_, placement_, flow_,
                     metrics_, limits.flow.lost}),
      session_opener_(parts.contract, sessions_, pool_),
      session_calls_({serializer_, sessions_, session_opener_, session_flow_}),
      events_({clock_, table_, pool_, roster_, flow_, input_, session_flow_,
               metrics_, std::move(parts.policy_id)},
              limits.link),
      intake_({serializer_, clock_, parts.contract, store_, table_, queue_,
               pool_, sessions_, session_opener_, flow_, ends_, metrics_,
               limits.kept_output_bytes}) {}

void Dispatcher::Execute(WatcherId watcher, const Principal& principal,
                         airlock::v1::ExecuteRequest request,
                         std::shared_ptr<EventSink> sink) {
  std::string hash = HashRequest(request);
  IncomingRequest incoming{watcher, principal.id, std::move(request),
                           std::move(hash), std::move(sink)};
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
                     ExecutionDone done) {
  serializer_.Submit([=, this, id = std::move(id), done = std::move(done)] {
    Find(principal, id, [done](absl::StatusOr<ExecutionRecord> record) {
      if (record.ok()) {
        done(record->execution);
      } else {
        done(record.status());
      }
    });
  });
}

void Dispatcher::Cancel(const Principal& principal, std::string id,
                        ExecutionDone done) {
  serializer_.Submit([=, this, id = std::move(id), done = std::move(done)] {
    Find(principal, id,
         [this, id, done](absl::StatusOr<ExecutionRecord> record) {
           if (!record.ok()) {
             done(record.status());
             return;
           }
           done(record->execution);
           Execution* execution = table_.Find(id);
           if (execution != nullptr) flow_.Cancel(*execution, "CANCELLED");
         });
  });
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
  std::vector<PublicExecution> live;
  table_.ForEach([&](Execution& execution) {
    if (execution.phase != Phase::kEnded) {
      live.push_back(execution.record.execution);
    }
  });
  MergePage(query, std::move(live), page);
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
    events_.Tick();
    roster_.Tick();
    session_flow_.Tick();
    std::vector<Execution*> all;
    table_.ForEach([&](Execution& execution) {
      if (execution.phase != Phase::kEnded) all.push_back(&execution);
    });
    for (Execution* execution : all) flow_.Tick(*execution);
    flow_.Pump();
    live_ = table_.live();
    metrics_.SetLive(table_.live());
  });
}

void Dispatcher::BeginDrain() {
  serializer_.Submit([this] {
    intake_.Close();
    session_calls_.StopCreating();
  });
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
    for (const auto& [link, executor] : pool_.all()) {
      executor.channel->Close(status);
    }
  });
}

}  // namespace airlock::policy
