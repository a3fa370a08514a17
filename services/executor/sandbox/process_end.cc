#include "services/executor/sandbox/process_end.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace airlock::executor {
namespace {

using runner::v1::Ended;

constexpr std::size_t kMaxMessageBytes = 1000;
constexpr int kMaxSignal = 64;
constexpr std::array<absl::string_view, 6> kReasons = {
    "COMMAND_NOT_FOUND", "COMMAND_NOT_EXECUTABLE",
    "BAD_CWD",           "BAD_FILE",
    "DISK_FULL",         "START_FAILED"};

std::optional<EndedBy> EndedByFromCause(Ended::Cause cause) {
  switch (cause) {
    case Ended::CAUSE_EXITED:
      return EndedBy::kExited;
    case Ended::CAUSE_SIGNALED:
      return EndedBy::kSignaled;
    case Ended::CAUSE_TIMED_OUT:
      return EndedBy::kTimedOut;
    case Ended::CAUSE_OUTPUT_LIMIT:
      return EndedBy::kOutputLimit;
    case Ended::CAUSE_KILLED:
      return EndedBy::kCancelled;
    case Ended::CAUSE_OUT_OF_MEMORY:
      return EndedBy::kOutOfMemory;
    case Ended::CAUSE_NOT_STARTED:
      return EndedBy::kNotStarted;
    default:
      return std::nullopt;
  }
}

// Text of a runner on its way to people: bounded, and no control characters.
std::string CleanMessage(absl::string_view text) {
  std::string clean;
  for (const char c : text.substr(0, kMaxMessageBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      clean.push_back(c);
    } else {
      absl::StrAppend(&clean, "\\x", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return clean;
}

absl::Status CheckFacts(const Ended& frame, EndedBy ended_by,
                        const ProcessFacts& facts) {
  if ((ended_by == EndedBy::kNotStarted) == facts.started) {
    return absl::DataLossError("an end and a start contradict each other");
  }
  if (ended_by == EndedBy::kCancelled && !facts.kill_sent) {
    return absl::DataLossError("the runner was not asked to kill");
  }
  if (ended_by == EndedBy::kNotStarted &&
      std::find(kReasons.begin(), kReasons.end(), frame.reason()) ==
          kReasons.end()) {
    return absl::DataLossError("unknown reason for a process not started");
  }
  return absl::OkStatus();
}

absl::Status CheckValues(const Ended& frame, EndedBy ended_by) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (frame.exit_code() < 0 || frame.exit_code() > 255 ||
      (ended_by != EndedBy::kExited && frame.exit_code() != 0)) {
    return absl::DataLossError(
        absl::StrCat("impossible exit code ", frame.exit_code()));
  }
  const int least = ended_by == EndedBy::kSignaled ? 1 : 0;
  const int most = ended_by == EndedBy::kSignaled ? kMaxSignal : 0;
  if (frame.signal() < least || frame.signal() > most) {
    return absl::DataLossError(
        absl::StrCat("impossible signal ", frame.signal()));
  }
  if (frame.cpu_time_us() > kMax || frame.wall_time_us() > kMax) {
    return absl::DataLossError("impossible time");
  }
  return absl::OkStatus();
}

ProcessEnd MakeEnd(EndedBy ended_by, absl::string_view reason,
                   absl::string_view message) {
  ProcessEnd end;
  end.ended_by = ended_by;
  end.reason = std::string(reason);
  end.message = CleanMessage(message);
  return end;
}

}  // namespace

absl::StatusOr<ProcessEnd> ProcessEndFromFrame(const Ended& frame,
                                               const ProcessFacts& facts) {
  const std::optional<EndedBy> ended_by = EndedByFromCause(frame.cause());
  if (!ended_by.has_value()) {
    return absl::DataLossError(absl::StrCat("unknown cause ", frame.cause()));
  }
  if (absl::Status status = CheckFacts(frame, *ended_by, facts); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckValues(frame, *ended_by); !status.ok()) {
    return status;
  }
  const bool not_started = *ended_by == EndedBy::kNotStarted;
  ProcessEnd end =
      MakeEnd(*ended_by, not_started ? frame.reason() : "", frame.message());
  end.exit_code = frame.exit_code();
  end.signal = frame.signal();
  end.cpu_time =
      absl::Microseconds(static_cast<std::int64_t>(frame.cpu_time_us()));
  end.wall_time =
      absl::Microseconds(static_cast<std::int64_t>(frame.wall_time_us()));
  end.peak_memory_bytes = frame.peak_memory_bytes();
  end.leftover_processes = frame.leftover_processes();
  end.empty = frame.empty();
  end.hit_pids = frame.hit_pids();
  end.hit_disk = frame.hit_disk();
  end.hit_memory = frame.hit_memory();
  end.hit_cpu = frame.hit_cpu();
  return end;
}

ProcessEnd SandboxFailedEnd(absl::string_view reason,
                            absl::string_view message) {
  return MakeEnd(EndedBy::kSandboxFailed, reason, message);
}

ProcessEnd NotStartedEnd(absl::string_view reason, absl::string_view message) {
  // Nothing ran, so nothing is left.
  ProcessEnd end = MakeEnd(EndedBy::kNotStarted, reason, message);
  end.empty = true;
  return end;
}

}  // namespace airlock::executor
