#include "services/executor/backends/ssh/connection/framed_answer.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "common/text_escape/escape.h"

namespace airlock::executor {
namespace {

constexpr std::size_t kMaxShownBytes = 200;

absl::Status NoAnswer(const CommandEnd& end) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "SSH_SHELL_UNUSABLE",
      absl::StrCat("the SSH account does not run our commands: it must have a "
                   "POSIX shell and no ForceCommand; exit code ",
                   end.exit_code, ", output \"", ShownBeginning(end.output),
                   "\", errors \"", ShownBeginning(end.errors), "\""));
}

}  // namespace

std::string ShownBeginning(absl::string_view text) {
  return EscapeText(absl::StripAsciiWhitespace(text).substr(0, kMaxShownBytes));
}

absl::StatusOr<std::string> AskHost(SshConnection& connection,
                                    absl::string_view script,
                                    absl::string_view input,
                                    absl::Time deadline) {
  const std::string mark = RandomUuid();
  const absl::StatusOr<CommandEnd> end = connection.Run(
      // On a line of its own, whatever a profile left unfinished.
      absl::StrCat("say() { printf '\\n%s %s\\n' ", mark, " \"$*\"; }; ",
                   script),
      input, deadline);
  if (!end.ok()) return end.status();
  std::string answers;
  for (absl::string_view line : absl::StrSplit(end->output, '\n')) {
    if (absl::ConsumePrefix(&line, absl::StrCat(mark, " "))) {
      absl::StrAppend(&answers, line, "\n");
    }
  }
  if (answers.empty()) return NoAnswer(*end);
  return answers;
}

}  // namespace airlock::executor
