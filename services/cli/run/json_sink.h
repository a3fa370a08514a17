// Events for programs.
#pragma once

#include "services/cli/run/event_sink.h"

namespace airlock::cli {

// Each event as a line of protobuf JSON (airlock.v1.ExecutionEvent),
// unbuffered. Output that was received before is left out. Notes go to standard
// error.
class JsonSink final : public EventSink {
 public:
  // Does not own the descriptors.
  JsonSink(int stdout_fd, int stderr_fd)
      : stdout_fd_(stdout_fd), stderr_fd_(stderr_fd) {}

  absl::Status OnOutput(const FreshOutput& output,
                        const airlock::v1::ExecutionEvent& event) override;
  absl::Status OnEvent(const airlock::v1::ExecutionEvent& event) override;
  void Note(absl::string_view text) override;

 private:
  const int stdout_fd_;
  const int stderr_fd_;
};

}  // namespace airlock::cli
