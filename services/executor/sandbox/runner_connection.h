// The state of a connection to a runner; RunnerClient is its handle.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/runner/v1/runner.pb.h"
#include "common/concurrency/serializer.h"
#include "common/time/clock.h"
#include "services/executor/sandbox/byte_stream.h"
#include "services/executor/sandbox/frame_codec.h"
#include "services/executor/sandbox/runner_process.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Everything happens in one serializer, so that an observer hears one thing
// at a time and may call back. Shared by the RunnerClient, the stream (as its
// observer) and the functions in the serializer. Thread-safe.
class RunnerConnection final
    : public ByteStreamObserver,
      public std::enable_shared_from_this<RunnerConnection> {
 public:
  // `clock` must outlive this.
  RunnerConnection(std::unique_ptr<ByteStream> stream, const Clock& clock);

  // Starts the stream and sends Configure. Called once, first.
  void Start();

  // As the methods of RunnerClient.
  absl::Status WaitReady(absl::Time deadline) ABSL_LOCKS_EXCLUDED(ready_mutex_);
  std::shared_ptr<SandboxProcess> Run(
      ProcessSpec spec, std::shared_ptr<ProcessObserver> observer);
  void Ping();
  void Abort(absl::string_view reason, absl::string_view message);

  bool usable() const { return usable_; }

  // Aborts, and ends the stream on the caller's thread.
  void Shutdown() ABSL_LOCKS_EXCLUDED(stream_mutex_);

  void OnData(absl::string_view data) override;
  void OnDiagnostic(absl::string_view text) override;
  void OnClosed(const absl::Status& status) override;

 private:
  class ProcessHandle;

  // All below only inside the serializer.
  void Submit(std::function<void()> function);
  void StartProcess(const std::shared_ptr<RunnerProcess>& process);
  // Why it may not start now; empty if it may.
  std::optional<ProcessEnd> WhyNotNow(const RunnerProcess& process) const;
  // Sends what `append` makes for a process, unless that is over.
  void ForProcess(const std::shared_ptr<RunnerProcess>& process,
                  const std::function<absl::Status(std::string&)>& append);
  absl::Status Handle(const runner::v1::FromRunner& message);
  absl::Status HandleReady(const runner::v1::Ready& ready);
  absl::Status HandlePong(const runner::v1::Pong& pong);
  absl::Status HandleStdinCredit(const runner::v1::StdinCredit& credit);
  absl::Status HandleEnded(const runner::v1::Ended& ended);
  // kDataLoss: there is none with this number.
  absl::StatusOr<std::shared_ptr<RunnerProcess>> FindProcess(
      std::uint64_t number) const;
  void CheckTimes();
  void Send(const absl::Status& encoded, std::string frames);
  void Break(absl::string_view reason, const absl::Status& status);
  std::string WithComplaint(absl::string_view message) const;
  void SetReady(absl::Status status) ABSL_LOCKS_EXCLUDED(ready_mutex_);

  const Clock& clock_;
  Serializer serializer_;

  absl::Mutex stream_mutex_;
  std::unique_ptr<ByteStream> stream_ ABSL_GUARDED_BY(stream_mutex_);

  absl::Mutex ready_mutex_;
  // Empty until the runner said Ready, or never will.
  std::optional<absl::Status> ready_ ABSL_GUARDED_BY(ready_mutex_);

  // Written inside the serializer.
  std::atomic<bool> usable_ = false;

  // Only inside the serializer.
  FrameDecoder decoder_;
  bool is_ready_ = false;
  bool broken_ = false;
  std::string complaint_;
  // By number.
  std::map<std::uint64_t, std::shared_ptr<RunnerProcess>> processes_;
  std::uint64_t last_number_ = 0;
  std::uint64_t pings_sent_ = 0;
  std::uint64_t pongs_seen_ = 0;
  // When the oldest ping without an answer was sent.
  absl::Duration silent_since_;
};

}  // namespace airlock::executor
