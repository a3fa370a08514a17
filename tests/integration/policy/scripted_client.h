// An agent's stream that writes down what it was told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "airlock/v1/execution.pb.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/dispatch/event_sink.h"
#include "tests/integration/policy/ledger.h"

namespace airlock::policy {

// Its methods as EventSink are called inside the dispatcher's serializer; all
// else only while nothing is under way there.
class ScriptedClient final : public EventSink {
 public:
  // Both must outlive it.
  ScriptedClient(Dispatcher& dispatcher, Ledger& ledger, std::string agent)
      : dispatcher_(dispatcher),
        ledger_(ledger),
        watcher_(dispatcher.NewWatcher()),
        agent_(std::move(agent)) {}

  void Send(airlock::v1::ExecutionEvent event) override;
  void SendLast(airlock::v1::ExecutionEvent event) override;
  void Finish(const absl::Status& status) override { finished_ = status; }
  bool closed() const override { return false; }

  WatcherId watcher() const { return watcher_; }
  const std::string& agent() const { return agent_; }
  // Empty: it was not accepted.
  const std::string& id() const { return id_; }
  // How it ended; nothing: it has not.
  const std::optional<airlock::v1::Execution>& ended() const { return ended_; }
  // Why the stream ended without an end of the execution.
  const absl::Status& finished() const { return finished_; }

 private:
  Dispatcher& dispatcher_;
  Ledger& ledger_;
  const WatcherId watcher_;
  const std::string agent_;
  std::string id_;
  std::optional<airlock::v1::Execution> ended_;
  absl::Status finished_;
};

}  // namespace airlock::policy
