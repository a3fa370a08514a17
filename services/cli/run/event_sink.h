// Where the events of an execution go.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "services/cli/run/output_position.h"

namespace airlock::cli {

// Called by one thread at a time, except Note().
class EventSink {
 public:
  virtual ~EventSink() = default;

  // Output nobody was shown before. An error: nobody reads it any more.
  virtual absl::Status OnOutput(const FreshOutput& output,
                                const airlock::v1::ExecutionEvent& event) = 0;

  // Every other event; the first one ("accepted") comes once, however often
  // the stream had to be attached again.
  virtual absl::Status OnEvent(const airlock::v1::ExecutionEvent& event) = 0;

  // One line for a human about what this program does. Thread-safe.
  virtual void Note(absl::string_view text) = 0;
};

}  // namespace airlock::cli
