#include "services/policy/dispatch/waiting_list.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using airlock::v1::WaitingExecution;

// What the executors with one backend are at.
struct BackendState {
  int connected = 0;
  // Of those: that get no new work.
  int cordoned = 0;
  int draining = 0;
  // Whether one that gets new work can have one more session.
  bool session_room = false;

  bool takes_work() const { return connected > cordoned + draining; }
};

// Those that wait for one backend and have their turn before another one.
struct Ahead {
  std::size_t all = 0;
  std::map<std::string, std::size_t> by_agent;
};

std::map<std::string, BackendState> Backends(ExecutorPool& pool,
                                             const SessionTable& sessions) {
  std::map<std::string, BackendState> backends;
  for (const auto& [link, executor] : pool.all()) {
    BackendState& state = backends[executor.backend];
    ++state.connected;
    if (executor.draining || executor.order == ExecutorOrder::kDrain) {
      ++state.draining;
    } else if (executor.order == ExecutorOrder::kCordon) {
      ++state.cordoned;
    } else if (sessions.bound_to(executor.id) < executor.session_slots) {
      state.session_room = true;
    }
  }
  return backends;
}

std::string NoCreditMessage(const std::string& backend,
                            const BackendState& state) {
  return absl::StrCat("no executor with the backend \"", backend,
                      "\" can take it: of ", state.connected, " connected, ",
                      state.connected - state.cordoned - state.draining,
                      " have no free slot, ", state.cordoned,
                      " are cordoned and ", state.draining, " drain");
}

std::string TurnMessage(std::size_t own, std::size_t others) {
  std::string message;
  if (own > 0) absl::StrAppend(&message, own, " of its own agent");
  if (own > 0 && others > 0) absl::StrAppend(&message, " and ");
  // How much others ask for is not for everybody to know.
  if (others > 0) absl::StrAppend(&message, "those of other agents");
  return absl::StrCat("other executions have their turn before it: ", message);
}

std::string PreparingMessage(const Execution& execution) {
  const airlock::v1::PrepareProgress& progress = execution.progress;
  std::string step = progress.step().empty() ? "" : ": " + progress.step();
  if (progress.total_bytes() > 0) {
    absl::StrAppend(&step, ", ", progress.current_bytes(), " of ",
                    progress.total_bytes(), " bytes");
  }
  return absl::StrCat("executor ", execution.assignment->executor_id,
                      " prepares its sandbox", step);
}

// Builds the answer, one execution after another.
class Answer {
 public:
  Answer(const WaitingList::Parts& parts, const std::string& agent,
         std::size_t max_told)
      : placement_(parts.placement),
        freezer_(parts.freezer),
        agent_(agent),
        max_told_(max_told),
        epoch_(parts.clock.Now() - parts.clock.Monotonic()),
        backends_(Backends(parts.pool, parts.sessions)) {}

  void AddAssigned(const Execution& execution) {
    WaitingExecution* told = Add(execution);
    if (told == nullptr) return;
    if (execution.phase == Phase::kPreparing) {
      told->set_reason(WaitingExecution::REASON_PREPARING);
      told->set_message(PreparingMessage(execution));
      SetDeadline(execution.prepare_deadline, *told);
    } else {
      told->set_reason(WaitingExecution::REASON_STARTING);
      told->set_message("its start is being recorded");
    }
  }

  void AddQueued(const Execution& execution) {
    const Session* session = placement_.SessionOf(execution);
    const WaitingExecution::Reason reason = ReasonOf(execution, session);
    if (WaitingExecution* told = Add(execution)) {
      told->set_reason(reason);
      told->set_message(MessageOf(reason, execution, session));
      SetDeadline(DeadlineOf(reason, execution, session), *told);
    }
    const bool bound = session != nullptr && session->bound();
    if (bound || (reason != WaitingExecution::REASON_NO_CREDIT &&
                  reason != WaitingExecution::REASON_AGENT_SHARE)) {
      // It holds up nothing behind it.
      return;
    }
    Ahead& ahead = ahead_[execution.record.execution.backend()];
    ++ahead.all;
    ++ahead.by_agent[execution.agent()];
  }

  airlock::v1::ListWaitingExecutionsResponse Take() {
    return std::move(response_);
  }

 private:
  WaitingExecution::Reason ReasonOf(const Execution& execution,
                                    const Session* session) {
    if (freezer_.IsFrozen(execution.agent())) {
      return WaitingExecution::REASON_FROZEN;
    }
    if (session != nullptr && !HasTurn(*session)) {
      return WaitingExecution::REASON_SESSION_BUSY;
    }
    if (session != nullptr && session->bound()) {
      return placement_.ExecutorOf(*session) == nullptr
                 ? WaitingExecution::REASON_SESSION_UNREACHABLE
                 : WaitingExecution::REASON_NO_CREDIT;
    }
    const std::string& backend = execution.record.execution.backend();
    const auto state = backends_.find(backend);
    if (state == backends_.end()) return WaitingExecution::REASON_NO_EXECUTOR;
    if (!state->second.takes_work()) return WaitingExecution::REASON_NO_CREDIT;
    if (session != nullptr && !state->second.session_room) {
      return WaitingExecution::REASON_NO_SESSION_ROOM;
    }
    return ahead_[backend].all == 0 ? WaitingExecution::REASON_NO_CREDIT
                                    : WaitingExecution::REASON_AGENT_SHARE;
  }

  std::string MessageOf(WaitingExecution::Reason reason,
                        const Execution& execution, const Session* session) {
    const std::string& backend = execution.record.execution.backend();
    switch (reason) {
      case WaitingExecution::REASON_FROZEN:
        return "an operator stopped starts; they go on after a thaw";
      case WaitingExecution::REASON_NO_EXECUTOR:
        return absl::StrCat("no executor with the backend \"", backend,
                            "\" is connected");
      case WaitingExecution::REASON_AGENT_SHARE: {
        const Ahead& ahead = ahead_[backend];
        const auto own = ahead.by_agent.find(execution.agent());
        const std::size_t count = own == ahead.by_agent.end() ? 0 : own->second;
        return TurnMessage(count, ahead.all - count);
      }
      case WaitingExecution::REASON_SESSION_BUSY:
        return absl::StrCat("another execution has its turn in session \"",
                            session->name(), "\"");
      case WaitingExecution::REASON_SESSION_UNREACHABLE:
        return absl::StrCat("executor ", session->record.executor_id(),
                            ", which has session \"", session->name(),
                            "\", is not connected");
      case WaitingExecution::REASON_NO_SESSION_ROOM:
        return absl::StrCat("no executor with the backend \"", backend,
                            "\" has room for one more session");
      default:
        break;
    }
    if (session != nullptr && session->bound()) {
      return absl::StrCat("executor ", session->record.executor_id(),
                          ", which has session \"", session->name(),
                          "\", has no free slot");
    }
    return NoCreditMessage(backend, backends_.at(backend));
  }

  static absl::Duration DeadlineOf(WaitingExecution::Reason reason,
                                   const Execution& execution,
                                   const Session* session) {
    if (reason == WaitingExecution::REASON_SESSION_UNREACHABLE) {
      return std::min(execution.queue_deadline, session->lost_deadline.value_or(
                                                    absl::InfiniteDuration()));
    }
    return execution.queue_deadline;
  }

  // Null if it is not to be told.
  WaitingExecution* Add(const Execution& execution) {
    if (!agent_.empty() && execution.agent() != agent_) return nullptr;
    // A look is nothing the agent waits for, nor knows of.
    if (!execution.record.execution.asked_by().empty()) return nullptr;
    if (static_cast<std::size_t>(response_.waiting_size()) >= max_told_) {
      response_.set_untold(response_.untold() + 1);
      return nullptr;
    }
    WaitingExecution* told = response_.add_waiting();
    *told->mutable_execution() = execution.record.execution;
    return told;
  }

  void SetDeadline(absl::Duration monotonic, WaitingExecution& told) const {
    *told.mutable_deadline() = ToProto(epoch_ + monotonic);
  }

  Placement& placement_;
  const Freezer& freezer_;
  const std::string& agent_;
  const std::size_t max_told_;
  // When the monotonic clock began, by the wall clock as it is now.
  const absl::Time epoch_;
  const std::map<std::string, BackendState> backends_;
  // By backend.
  std::map<std::string, Ahead> ahead_;
  airlock::v1::ListWaitingExecutionsResponse response_;
};

}  // namespace

airlock::v1::ListWaitingExecutionsResponse WaitingList::List(
    const std::string& agent) {
  Answer answer(p_, agent, max_told_);
  p_.table.ForEach([&answer](const Execution& execution) {
    if (execution.phase == Phase::kPreparing ||
        execution.phase == Phase::kStarting) {
      answer.AddAssigned(execution);
    }
  });
  for (const std::string& id : p_.queue.InOrder()) {
    answer.AddQueued(*p_.table.Find(id));
  }
  return answer.Take();
}

}  // namespace airlock::policy
