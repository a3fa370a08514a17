#include "services/policy/dispatch/input_flow.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/policy/dispatch/job_messages.h"

namespace airlock::policy {

ConnectedExecutor* InputFlow::RunnerOf(const Execution& execution) {
  if (execution.phase != Phase::kRunning) return nullptr;
  return pool_.Find(execution.assignment->link);
}

void InputFlow::Write(Execution& execution, InputWrite write) {
  if (execution.phase == Phase::kEnded) {
    write.done(ExecutionEndedError(execution.id()));
    return;
  }
  execution.input.Write(std::move(write));
  Advance(execution);
}

void InputFlow::OnProcessStarted(Execution& execution) {
  if (execution.phase != Phase::kRunning) return;
  execution.input.Open();
  Advance(execution);
}

void InputFlow::OnCredit(Execution& execution,
                         const airlock::internal::v1::InputCredit& credit) {
  ConnectedExecutor* executor = RunnerOf(execution);
  if (executor == nullptr) return;
  if (!execution.input.Acknowledge(credit.limit_bytes(),
                                   credit.received_bytes())) {
    executor->channel->Close(MakeError(
        absl::StatusCode::kInvalidArgument, "INPUT_NEVER_SENT",
        absl::StrCat("execution ", execution.id(), " has received ",
                     credit.received_bytes(),
                     " bytes of input, which is more than was sent")));
    return;
  }
  Advance(execution);
}

void InputFlow::OnLinkBack(Execution& execution) {
  ConnectedExecutor* executor = RunnerOf(execution);
  if (executor == nullptr) return;
  Send(execution, *executor, execution.input.Unacknowledged());
  Advance(execution);
}

void InputFlow::Advance(Execution& execution) {
  ConnectedExecutor* executor = RunnerOf(execution);
  if (executor == nullptr) return;
  Send(execution, *executor, execution.input.Take());
}

void InputFlow::Send(const Execution& execution, ConnectedExecutor& executor,
                     const std::optional<InputPiece>& piece) {
  if (!piece.has_value()) return;
  executor.channel->Send(InputMessage(execution, *piece));
}

}  // namespace airlock::policy
