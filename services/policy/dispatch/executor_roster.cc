#include "services/policy/dispatch/executor_roster.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::policy {
namespace {

using PublicExecutor = airlock::v1::Executor;

// The answer must fit into a message, however many executors there are.
constexpr std::size_t kMaxImagesTold = 256;

PublicExecutor::State StateOf(const ConnectedExecutor& executor) {
  if (executor.draining || executor.order == ExecutorOrder::kDrain) {
    return PublicExecutor::STATE_DRAINING;
  }
  if (executor.order == ExecutorOrder::kCordon) {
    return PublicExecutor::STATE_CORDONED;
  }
  return executor.status.ready() ? PublicExecutor::STATE_READY
                                 : PublicExecutor::STATE_NOT_READY;
}

// All but its state, its running executions and its time of contact.
PublicExecutor ToProto(const ConnectedExecutor& executor) {
  PublicExecutor told;
  told.set_id(executor.id);
  told.set_backend(executor.backend);
  told.set_version(executor.version);
  told.mutable_labels()->insert(executor.labels.begin(), executor.labels.end());
  told.set_slots(executor.slots);
  told.set_max_sandboxes(executor.status.max_sandboxes());
  told.set_sandboxes(executor.status.sandboxes());
  told.set_warm_target(executor.status.warm_target());
  told.set_warm_sandboxes(executor.status.warm_sandboxes());
  told.set_sessions(executor.status.sessions());
  *told.mutable_checks() = executor.status.checks();
  told.set_not_ready_reason(executor.status.not_ready_reason());
  told.set_not_ready_message(executor.status.not_ready_message());
  return told;
}

void AddImages(const ConnectedExecutor& executor, PublicExecutor& told) {
  std::size_t left = kMaxImagesTold;
  for (const auto& [reference, id] : executor.images) {
    if (left-- == 0) return;
    told.add_images(reference);
  }
}

absl::Status UnknownExecutorError(absl::string_view id) {
  return MakeError(
      absl::StatusCode::kNotFound, "EXECUTOR_NOT_FOUND",
      absl::StrCat("there is no executor with id \"", id,
                   "\" that is connected or was until a short while ago"),
      {{"id", std::string(id)}});
}

absl::string_view Word(ExecutorOrder order) {
  switch (order) {
    case ExecutorOrder::kNone:
      return "none";
    case ExecutorOrder::kCordon:
      return "cordon";
    case ExecutorOrder::kDrain:
      return "drain";
  }
  return "";
}

}  // namespace

ExecutorOrder ExecutorRoster::OrderOf(absl::string_view id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? ExecutorOrder::kNone : found->second;
}

void ExecutorRoster::OnConnected(ConnectedExecutor& executor) {
  executor.order = OrderOf(executor.id);
  executor.connected_at = p_.clock.Now();
  gone_.erase(executor.id);
}

void ExecutorRoster::OnDisconnected(const ConnectedExecutor& executor) {
  const absl::Duration now = p_.clock.Monotonic();
  Gone gone{ToProto(executor), now};
  gone.executor.set_state(PublicExecutor::STATE_DISCONNECTED);
  *gone.executor.mutable_contact_time() =
      airlock::ToProto(p_.clock.Now() - (now - executor.last_contact));
  gone_.insert_or_assign(executor.id, std::move(gone));
  ForgetTooMany();
}

ExecutorRoster::Running ExecutorRoster::CountRunning() {
  Running running;
  p_.table.ForEach([&](const Execution& execution) {
    if (execution.assignment.has_value() && execution.phase != Phase::kEnded) {
      ++running[execution.assignment->executor_id];
    }
  });
  return running;
}

airlock::v1::ListExecutorsResponse ExecutorRoster::List() {
  std::map<std::string, PublicExecutor> by_id;
  for (const auto& [id, gone] : gone_) by_id[id] = gone.executor;
  for (const auto& [link, executor] : p_.pool.all()) {
    PublicExecutor told = ToProto(executor);
    told.set_state(StateOf(executor));
    *told.mutable_contact_time() = airlock::ToProto(executor.connected_at);
    AddImages(executor, told);
    by_id[executor.id] = std::move(told);
  }
  const Running running = CountRunning();
  airlock::v1::ListExecutorsResponse response;
  for (auto& [id, told] : by_id) {
    const auto found = running.find(id);
    if (found != running.end()) told.set_running(found->second);
    *response.add_executors() = std::move(told);
  }
  return response;
}

absl::StatusOr<PublicExecutor> ExecutorRoster::SetOrder(absl::string_view id,
                                                        ExecutorOrder order) {
  ConnectedExecutor* executor = p_.pool.FindById(id);
  if (executor == nullptr && !gone_.contains(id))
    return UnknownExecutorError(id);
  const ExecutorOrder before = OrderOf(id);
  if (order == ExecutorOrder::kCordon && before == ExecutorOrder::kDrain) {
    order = before;
  }
  if (before == ExecutorOrder::kNone && order != before &&
      orders_.size() >= limits_.max_ordered) {
    return MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CORDONED",
                     absl::StrCat(limits_.max_ordered,
                                  " executors are cordoned, which is the most; "
                                  "uncordon one first"));
  }
  if (order == ExecutorOrder::kNone) {
    orders_.erase(std::string(id));
  } else {
    orders_.insert_or_assign(std::string(id), order);
  }
  if (executor != nullptr) executor->order = order;
  p_.metrics.SetCordoned(orders_.size());
  if (order != before) {
    LogInfo("executor ordered",
            {{"executor_id", std::string(id)}, {"order", Word(order)}});
  }
  const airlock::v1::ListExecutorsResponse all = List();
  return *std::find_if(
      all.executors().begin(), all.executors().end(),
      [id](const PublicExecutor& told) { return told.id() == id; });
}

void ExecutorRoster::Tick() {
  const absl::Duration oldest = p_.clock.Monotonic() - limits_.remember;
  for (auto it = gone_.begin(); it != gone_.end();) {
    const bool forget =
        it->second.since < oldest && OrderOf(it->first) == ExecutorOrder::kNone;
    it = forget ? gone_.erase(it) : std::next(it);
  }
}

void ExecutorRoster::ForgetTooMany() {
  std::size_t unordered = 0;
  auto oldest = gone_.end();
  for (auto it = gone_.begin(); it != gone_.end(); ++it) {
    if (OrderOf(it->first) != ExecutorOrder::kNone) continue;
    ++unordered;
    if (oldest == gone_.end() || it->second.since < oldest->second.since) {
      oldest = it;
    }
  }
  if (unordered > limits_.max_gone) gone_.erase(oldest);
}

}  // namespace airlock::policy
