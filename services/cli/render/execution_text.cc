#include "services/cli/render/execution_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"

namespace airlock::cli {
namespace {

using airlock::v1::Execution;
using airlock::v1::Outcome;

// "ENDED_BY_TIMED_OUT" with the prefix "ENDED_BY_": "timed_out".
std::string Word(const std::string& name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(name, prefix));
}

// " (more)", or nothing.
std::string InBrackets(const std::string& more) {
  return more.empty() ? "" : absl::StrCat(" (", EscapeText(more), ")");
}

std::string OutcomeWords(const Outcome& outcome) {
  const std::string word =
      Word(Outcome::EndedBy_Name(outcome.ended_by()), "ENDED_BY_");
  switch (outcome.ended_by()) {
    case Outcome::ENDED_BY_EXITED:
      return absl::StrCat("exited ", outcome.exit_code());
    case Outcome::ENDED_BY_SIGNALED:
      return absl::StrCat("signal ", outcome.signal());
    default:
      return word.empty() ? "unknown" : absl::StrReplaceAll(word, {{"_", " "}});
  }
}

std::string WhyRefused(absl::string_view what, const Execution& execution) {
  const auto& decision = execution.decision();
  std::string why(what);
  if (!decision.rule().empty()) {
    absl::StrAppend(&why, " by ", EscapeText(decision.rule()));
  }
  const std::string& reason = execution.state_reason().empty()
                                  ? decision.reason()
                                  : execution.state_reason();
  if (!decision.explanation().empty()) {
    absl::StrAppend(&why, ": ", EscapeText(decision.explanation()));
  }
  return absl::StrCat(why, InBrackets(reason));
}

// What was not decided by the policy but after it: by a human or by time.
std::string WhyStopped(absl::string_view what, const Execution& execution) {
  std::string why(what);
  if (!execution.state_message().empty()) {
    absl::StrAppend(&why, ": ", EscapeText(execution.state_message()));
  }
  return absl::StrCat(why, InBrackets(execution.state_reason()));
}

// `otherwise` when the outcome has no sentence of its own.
std::string WhyEnded(const Outcome& outcome, absl::string_view otherwise) {
  return absl::StrCat(outcome.message().empty() ? std::string(otherwise)
                                                : EscapeText(outcome.message()),
                      InBrackets(outcome.reason()));
}

std::string WhyFinished(const Outcome& outcome) {
  switch (outcome.ended_by()) {
    case Outcome::ENDED_BY_EXITED:
      return "";
    case Outcome::ENDED_BY_SIGNALED:
      return WhyEnded(outcome,
                      absl::StrCat("killed by signal ", outcome.signal()));
    case Outcome::ENDED_BY_TIMED_OUT:
      return WhyEnded(outcome, "killed: it took longer than its timeout");
    case Outcome::ENDED_BY_OUT_OF_MEMORY:
      return WhyEnded(outcome, "killed: it used more memory than its limit");
    case Outcome::ENDED_BY_OUTPUT_LIMIT:
      return WhyEnded(outcome, "killed: it wrote more than its output limit");
    case Outcome::ENDED_BY_CANCELLED:
      return outcome.message().empty() ? "cancelled"
                                       : EscapeText(outcome.message());
    case Outcome::ENDED_BY_NOT_STARTED:
      return WhyEnded(outcome, "it was not started");
    case Outcome::ENDED_BY_SANDBOX_FAILED:
      return WhyEnded(outcome, "its sandbox was lost");
    default:
      return WhyEnded(outcome, "nobody knows whether it ran");
  }
}

}  // namespace

std::string KindWord(airlock::v1::ActionKind kind) {
  return Word(airlock::v1::ActionKind_Name(kind), "ACTION_KIND_");
}

std::string StateWord(Execution::State state) {
  return Word(Execution::State_Name(state), "STATE_");
}

std::string StandingText(const Execution& execution) {
  if (execution.state() == Execution::STATE_FINISHED) {
    return OutcomeWords(execution.outcome());
  }
  return absl::StrReplaceAll(StateWord(execution.state()), {{"_", " "}});
}

std::string WhyText(const Execution& execution) {
  switch (execution.state()) {
    case Execution::STATE_FINISHED:
      return WhyFinished(execution.outcome());
    case Execution::STATE_DENIED:
      return WhyRefused("denied", execution);
    case Execution::STATE_REJECTED:
      return WhyStopped("rejected", execution);
    case Execution::STATE_EXPIRED:
      return WhyStopped("expired", execution);
    case Execution::STATE_CANCELLED:
      return WhyStopped("cancelled before it was started", execution);
    default:
      return absl::StrCat("it is still ", StandingText(execution));
  }
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "-";
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ",
      absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
      absl::UTCTimeZone());
}

}  // namespace airlock::cli
