#include "services/cli/run/exit_code.h"

namespace airlock::cli {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;

constexpr int kSignalBase = 128;
constexpr int kMaxExitCode = 255;
constexpr int kMaxSignal = 64;

int ExitCodeOfExit(const Outcome& outcome) {
  // A code that is missing or impossible must not look like success.
  if (!outcome.has_exit_code() || outcome.exit_code() < 0 ||
      outcome.exit_code() > kMaxExitCode) {
    return kExitAirlockError;
  }
  return outcome.exit_code();
}

int ExitCodeOfSignal(int signal) {
  if (signal < 1 || signal > kMaxSignal) return kExitAirlockError;
  return kSignalBase + signal;
}

int ExitCodeOfNotStarted(const Outcome& outcome) {
  if (outcome.reason() == "COMMAND_NOT_FOUND") return kExitNotFound;
  if (outcome.reason() == "COMMAND_NOT_EXECUTABLE") return kExitNotExecutable;
  return kExitAirlockError;
}

int ExitCodeOfOutcome(const Outcome& outcome) {
  switch (outcome.ended_by()) {
    case Outcome::ENDED_BY_EXITED:
      return ExitCodeOfExit(outcome);
    case Outcome::ENDED_BY_SIGNALED:
      return ExitCodeOfSignal(outcome.signal());
    case Outcome::ENDED_BY_TIMED_OUT:
      return kExitTimedOut;
    case Outcome::ENDED_BY_OUT_OF_MEMORY:
    case Outcome::ENDED_BY_OUTPUT_LIMIT:
      return kExitKilled;
    case Outcome::ENDED_BY_CANCELLED:
      return kExitCancelled;
    case Outcome::ENDED_BY_NOT_STARTED:
      return ExitCodeOfNotStarted(outcome);
    default:
      return kExitAirlockError;
  }
}

}  // namespace

int ExitCodeOf(const Execution& execution) {
  switch (execution.state()) {
    case Execution::STATE_FINISHED:
      return ExitCodeOfOutcome(execution.outcome());
    case Execution::STATE_DENIED:
    case Execution::STATE_REJECTED:
      return kExitDenied;
    case Execution::STATE_EXPIRED:
      // It was allowed and only found no executor in time.
      return execution.state_reason() == "QUEUE_TIMEOUT" ? kExitAirlockError
                                                         : kExitExpired;
    case Execution::STATE_CANCELLED:
      return kExitCancelled;
    default:
      return kExitAirlockError;
  }
}

}  // namespace airlock::cli
