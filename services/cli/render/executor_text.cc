#include "services/cli/render/executor_text.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/text_escape/escape.h"

namespace airlock::cli {
namespace {

using airlock::v1::Executor;
using airlock::v1::WaitingExecution;

// "STATE_NOT_READY" with the prefix "STATE_": "not ready".
std::string Words(const std::string& name, absl::string_view prefix) {
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(absl::StripPrefix(name, prefix)), {{"_", " "}});
}

}  // namespace

std::string ExecutorStateText(Executor::State state) {
  return Words(Executor::State_Name(state), "STATE_");
}

std::string ExecutorConditionText(const Executor& executor) {
  std::string text = ExecutorStateText(executor.state());
  if (!executor.not_ready_reason().empty()) {
    absl::StrAppend(&text, " (", EscapeText(executor.not_ready_reason()), ")");
  }
  return text;
}

std::string ChecksText(const Executor& executor) {
  if (executor.checks().empty()) return "-";
  std::vector<std::string> failing;
  for (const airlock::v1::EnforcementCheck& check : executor.checks()) {
    if (!check.ok()) failing.push_back(EscapeText(check.name()));
  }
  if (failing.empty()) return "ok";
  return absl::StrCat("failing: ", absl::StrJoin(failing, ", "));
}

std::string WaitingReasonText(WaitingExecution::Reason reason) {
  return Words(WaitingExecution::Reason_Name(reason), "REASON_");
}

}  // namespace airlock::cli
