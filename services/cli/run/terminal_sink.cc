#include "services/cli/run/terminal_sink.h"

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"
#include "services/cli/run/write_fully.h"

namespace airlock::cli {

using airlock::v1::ExecutionEvent;

TerminalSink::TerminalSink(int stdout_fd, int stderr_fd)
    : stdout_fd_(stdout_fd),
      stderr_fd_(stderr_fd),
      shows_progress_(isatty(stderr_fd) == 1) {}

absl::Status TerminalSink::OnOutput(const FreshOutput& output,
                                    const ExecutionEvent& /*event*/) {
  const bool is_stderr = output.stream == airlock::v1::OUTPUT_STREAM_STDERR;
  if (output.lost_bytes > 0) {
    Note(absl::StrCat(output.lost_bytes, " bytes of standard ",
                      is_stderr ? "error" : "output",
                      " are missing here: they are no longer kept"));
  }
  return WriteFully(is_stderr ? stderr_fd_ : stdout_fd_, output.data);
}

absl::Status TerminalSink::OnEvent(const ExecutionEvent& event) {
  if (event.has_approval()) {
    for (const std::string& note :
         approval_notes_.Take(event.approval(), absl::Now())) {
      Note(note);
    }
  }
  const std::string& step = event.prepare_progress().step();
  // One line for each step: numbers would scroll everything else away.
  if (shows_progress_ && event.has_prepare_progress() && step != last_step_) {
    last_step_ = step;
    Note(EscapeText(step));
  }
  return absl::OkStatus();
}

void TerminalSink::Note(absl::string_view text) {
  // Who does not read standard error gets no notes; the exit code stays.
  WriteFully(stderr_fd_, absl::StrCat("airlock: ", text, "\n")).IgnoreError();
}

}  // namespace airlock::cli
