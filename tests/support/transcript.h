// What a stream of events came to.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "airlock/v1/execution.pb.h"
#include "common/rpc/status.h"

namespace airlock {

// The events of one stream, its output put together.
struct Transcript {
  absl::Status status;
  std::string id;
  // All but output.
  std::vector<airlock::v1::ExecutionEvent> events;
  std::string stdout_data;
  std::string stderr_data;
  std::uint64_t skipped_bytes = 0;
  // The last event's execution, if it came to that.
  airlock::v1::Execution completed;

  void Add(airlock::v1::ExecutionEvent event) {
    skipped_bytes += event.output().skipped_bytes();
    if (event.has_accepted()) id = event.accepted().id();
    if (event.has_completed()) completed = event.completed();
    if (event.output().stream() == airlock::v1::OUTPUT_STREAM_STDOUT) {
      stdout_data += event.output().data();
    } else if (event.has_output()) {
      stderr_data += event.output().data();
    }
    if (!event.has_output()) events.push_back(std::move(event));
  }
};

// Reads a stream of `Response` to its end.
template <typename Response, typename Reader>
Transcript ReadAll(Reader& reader, Transcript transcript = {}) {
  Response response;
  while (reader.Read(&response)) {
    transcript.Add(std::move(*response.mutable_event()));
  }
  transcript.status = FromGrpcStatus(reader.Finish());
  return transcript;
}

}  // namespace airlock
