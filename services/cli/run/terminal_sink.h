// Events for people and pipes.
#pragma once

#include <string>

#include "services/cli/run/approval_notes.h"
#include "services/cli/run/event_sink.h"

namespace airlock::cli {

// Both outputs, byte for byte and unbuffered, to the descriptor they belong
// to; the approval that is waited for, its answers and lost output as notes on
// standard error, and progress too if that is a terminal.
class TerminalSink final : public EventSink {
 public:
  // Does not own the descriptors.
  TerminalSink(int stdout_fd, int stderr_fd);

  absl::Status OnOutput(const FreshOutput& output,
                        const airlock::v1::ExecutionEvent& event) override;
  absl::Status OnEvent(const airlock::v1::ExecutionEvent& event) override;
  void Note(absl::string_view text) override;

 private:
  const int stdout_fd_;
  const int stderr_fd_;
  const bool shows_progress_;
  std::string last_step_;
  ApprovalNotes approval_notes_;
};

}  // namespace airlock::cli
