// The wire to a runner: a Docker attach stream, an SSH channel, a pipe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace airlock::executor {

// Hears what comes from the other side. The calls come one at a time from the
// stream's I/O thread, which must not be blocked; OnClosed is the last one.
class ByteStreamObserver {
 public:
  virtual ~ByteStreamObserver() = default;

  // Bytes the runner wrote to its standard output.
  virtual void OnData(absl::string_view data) = 0;
  // Text the runner wrote to its standard error: a complaint, for the log.
  virtual void OnDiagnostic(absl::string_view text) = 0;
  // The other side ended (OK) or the stream broke.
  virtual void OnClosed(const absl::Status& status) = 0;
};

// A full-duplex stream. Thread-safe; nothing blocks.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Begins to deliver. Called once, before any Write().
  virtual void Start(std::shared_ptr<ByteStreamObserver> observer) = 0;

  // Sends bytes in the order of the calls. What waits is bounded by the
  // caller, who knows how much credit the runner gave.
  virtual void Write(std::string data) = 0;

  // Breaks the stream. OnClosed follows, once.
  virtual void Close() = 0;
};

}  // namespace airlock::executor
