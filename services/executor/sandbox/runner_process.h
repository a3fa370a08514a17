// One process on the executor's side of a runner connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/runner/v1/runner.pb.h"
#include "services/executor/sandbox/process_end.h"
#include "services/executor/sandbox/sandbox_backend.h"

namespace airlock::executor {

// Makes the frames that start and feed a process, and checks the ones that
// come back: their order, their credit, their values. An error from any On...
// means that the runner broke the protocol. Not thread-safe.
class RunnerProcess {
 public:
  // What a runner may send beyond its credit: two pipes of the largest size,
  // at the end.
  static constexpr std::uint64_t kDrainBytes = 2 << 20;

  RunnerProcess(ProcessSpec spec, std::shared_ptr<ProcessObserver> observer);

  // 0 before AppendStart().
  std::uint64_t number() const { return number_; }
  ProcessObserver& observer() { return *observer_; }
  bool started() const { return started_; }
  bool parallel() const { return spec_.parallel; }
  // When AppendStart() was called, on the caller's clock.
  absl::Duration began() const { return began_; }

  // How long it may take at most until its end is told.
  absl::Duration time_limit() const { return spec_.timeout + spec_.kill_grace; }

  // Appends Prepare, the files, Start, and the first input, as process
  // `number`. kInvalidArgument: the spec can never run.
  absl::Status AppendStart(std::uint64_t number, absl::Duration now,
                           std::string& out);

  // Takes more input. kFailedPrecondition: it accepts none, or not so much.
  absl::Status AddInput(absl::string_view data, bool end);

  // Appends as much input as there is credit for, and tells the observer how
  // much more may come.
  absl::Status AppendInput(std::string& out);

  // Appends more output credit. Nothing, unless it is more.
  absl::Status AppendCredit(std::uint64_t limit_bytes, std::string& out);

  // Appends a Kill, once.
  absl::Status AppendKill(std::string& out);

  absl::Status OnStarted();
  absl::Status OnOutput(const runner::v1::OutputChunk& chunk);
  absl::Status OnStdinCredit(const runner::v1::StdinCredit& credit);
  absl::StatusOr<ProcessEnd> OnEnded(const runner::v1::Ended& ended) const;

 private:
  absl::Status AppendPrepare(std::string& out) const;
  absl::Status AppendFile(const ProcessFile& file, std::string& out) const;
  void TellInputCredit();

  std::uint64_t number_ = 0;
  absl::Duration began_;
  ProcessSpec spec_;
  const std::shared_ptr<ProcessObserver> observer_;
  bool started_ = false;
  bool kill_sent_ = false;
  std::uint64_t output_bytes_ = 0;
  std::uint64_t output_credit_ = 0;
  std::uint64_t stdin_credit_ = 0;
  std::uint64_t stdin_sent_ = 0;
  // Of the request; what comes after them is later input.
  const std::uint64_t first_input_bytes_;
  // Input that was not sent yet, behind `input_done_` bytes that were: at most
  // as many.
  std::string input_;
  std::size_t input_done_ = 0;
  std::uint64_t input_credit_told_ = SandboxProcess::kFirstInputCredit;
  std::uint64_t later_input_ = 0;
  // No more will come.
  bool input_complete_;
  bool stdin_ended_ = false;
};

}  // namespace airlock::executor
