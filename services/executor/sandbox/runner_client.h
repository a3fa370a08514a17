// Speaks airlock.runner.v1 with one runner over one ByteStream.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/executor/sandbox/byte_stream.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

class RunnerConnection;

// The executor's end. Everything the runner sends is checked: a frame that is
// too long, malformed, out of order or over its credit breaks the connection,
// and the process ends as kSandboxFailed. Thread-safe; only WaitReady()
// blocks. Destruction closes the stream.
class RunnerClient {
 public:
  // Starts the stream and configures the runner.
  explicit RunnerClient(std::unique_ptr<ByteStream> stream);
  // The same with another clock, which must outlive this.
  RunnerClient(std::unique_ptr<ByteStream> stream, const Clock& clock);
  ~RunnerClient();
  RunnerClient(const RunnerClient&) = delete;
  RunnerClient& operator=(const RunnerClient&) = delete;

  // Blocks until the runner said Ready. kDeadlineExceeded, kUnavailable (the
  // stream ended; the message has the runner's complaint), kFailedPrecondition
  // (not PID 1, or another protocol).
  absl::Status WaitReady(absl::Time deadline);

  // As Sandbox::Run.
  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer);

  // Keeps the runner alive; call it every few seconds (its silence timeout is
  // 15 s). A runner that has not answered for 15 s is given up.
  void Ping();

  // Whether the runner said Ready and the connection has not broken since.
  bool usable() const;

  // Breaks the connection; a process that runs ends as kSandboxFailed with
  // this reason and message.
  void Abort(absl::string_view reason, absl::string_view message);

 private:
  std::shared_ptr<RunnerConnection> connection_;
};

}  // namespace airlock::executor
