#include "services/executor/dispatch/outcome.h"

#include <string>

#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock::executor {
namespace {

using airlock::v1::Outcome;

Outcome::EndedBy EndedByToProto(EndedBy ended_by) {
  switch (ended_by) {
    case EndedBy::kExited:
      return Outcome::ENDED_BY_EXITED;
    case EndedBy::kSignaled:
      return Outcome::ENDED_BY_SIGNALED;
    case EndedBy::kTimedOut:
      return Outcome::ENDED_BY_TIMED_OUT;
    case EndedBy::kOutOfMemory:
      return Outcome::ENDED_BY_OUT_OF_MEMORY;
    case EndedBy::kOutputLimit:
      return Outcome::ENDED_BY_OUTPUT_LIMIT;
    case EndedBy::kCancelled:
      return Outcome::ENDED_BY_CANCELLED;
    case EndedBy::kNotStarted:
      return Outcome::ENDED_BY_NOT_STARTED;
    case EndedBy::kSandboxFailed:
      return Outcome::ENDED_BY_SANDBOX_FAILED;
    case EndedBy::kOutcomeUnknown:
      return Outcome::ENDED_BY_OUTCOME_UNKNOWN;
  }
  return Outcome::ENDED_BY_SANDBOX_FAILED;
}

// For errors that name no reason of their own.
absl::string_view DefaultReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kPermissionDenied:
      return "SANDBOX_REFUSED";
    case absl::StatusCode::kNotFound:
      return "IMAGE_NOT_FOUND";
    case absl::StatusCode::kResourceExhausted:
      return "NO_CAPACITY";
    default:
      return "BACKEND_UNAVAILABLE";
  }
}

}  // namespace

Outcome OutcomeFromProcessEnd(const ProcessEnd& end) {
  Outcome outcome;
  outcome.set_ended_by(EndedByToProto(end.ended_by));
  if (end.ended_by == EndedBy::kExited) outcome.set_exit_code(end.exit_code);
  if (end.ended_by == EndedBy::kSignaled) outcome.set_signal(end.signal);
  outcome.set_reason(end.reason);
  outcome.set_message(end.message);
  if (end.hit_pids) outcome.add_limits_hit(airlock::v1::LIMIT_HIT_PIDS);
  if (end.hit_disk) outcome.add_limits_hit(airlock::v1::LIMIT_HIT_DISK);
  if (end.hit_memory) outcome.add_limits_hit(airlock::v1::LIMIT_HIT_MEMORY);
  if (end.hit_cpu) outcome.add_limits_hit(airlock::v1::LIMIT_HIT_CPU_THROTTLED);
  airlock::v1::Usage& usage = *outcome.mutable_usage();
  *usage.mutable_cpu_time() = ToProto(end.cpu_time);
  *usage.mutable_wall_time() = ToProto(end.wall_time);
  usage.set_peak_memory_bytes(end.peak_memory_bytes);
  outcome.set_leftover_processes(end.leftover_processes);
  return outcome;
}

Outcome NotStarted(absl::string_view reason, absl::string_view message) {
  Outcome outcome;
  outcome.set_ended_by(Outcome::ENDED_BY_NOT_STARTED);
  outcome.set_reason(std::string(reason));
  outcome.set_message(std::string(message));
  return outcome;
}

std::string BackendErrorReason(const absl::Status& error) {
  const std::string reason = ErrorReason(error);
  return reason.empty() ? std::string(DefaultReason(error.code())) : reason;
}

CreateFailure FailureFromCreate(const absl::Status& error) {
  const std::string reason = BackendErrorReason(error);
  const bool hopeless = error.code() == absl::StatusCode::kInvalidArgument ||
                        error.code() == absl::StatusCode::kNotFound ||
                        error.code() == absl::StatusCode::kPermissionDenied;
  return {.outcome = NotStarted(reason, error.message()),
          .retriable = !hopeless};
}

absl::string_view EndedByName(Outcome::EndedBy ended_by) {
  switch (ended_by) {
    case Outcome::ENDED_BY_EXITED:
      return "exited";
    case Outcome::ENDED_BY_SIGNALED:
      return "signaled";
    case Outcome::ENDED_BY_TIMED_OUT:
      return "timed_out";
    case Outcome::ENDED_BY_OUT_OF_MEMORY:
      return "out_of_memory";
    case Outcome::ENDED_BY_OUTPUT_LIMIT:
      return "output_limit";
    case Outcome::ENDED_BY_CANCELLED:
      return "cancelled";
    case Outcome::ENDED_BY_NOT_STARTED:
      return "not_started";
    case Outcome::ENDED_BY_SANDBOX_FAILED:
      return "sandbox_failed";
    default:
      return "outcome_unknown";
  }
}

}  // namespace airlock::executor
