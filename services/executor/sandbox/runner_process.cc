#include "services/executor/sandbox/runner_process.h"

#include <algorithm>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/executor/sandbox/frame_codec.h"

namespace airlock::executor {
namespace {

// Pieces of files and input.
constexpr std::size_t kPieceBytes = 64 << 10;
// Input that may be sent before the first StdinCredit.
constexpr std::uint64_t kFirstStdinCredit = 256 << 10;

absl::Status CheckText(absl::string_view field, absl::string_view text) {
  if (!absl::StrContains(text, '\0')) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " must not hold a NUL byte"));
}

absl::Status CheckSpec(const ProcessSpec& spec) {
  if (spec.argv.empty()) {
    return absl::InvalidArgumentError("argv must not be empty");
  }
  if (spec.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "timeout must be positive: got ", absl::FormatDuration(spec.timeout)));
  }
  for (const std::string& argument : spec.argv) {
    if (absl::Status status = CheckText("argv", argument); !status.ok()) {
      return status;
    }
  }
  for (const std::string& variable : spec.env) {
    if (absl::Status status = CheckText("env", variable); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

// Rounded up: less than a millisecond is not "none".
std::uint64_t Milliseconds(absl::Duration duration) {
  const absl::Duration whole = absl::Ceil(duration, absl::Milliseconds(1));
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(absl::ToInt64Milliseconds(whole), 0));
}

}  // namespace

RunnerProcess::RunnerProcess(ProcessSpec spec,
                             std::shared_ptr<ProcessObserver> observer)
    : spec_(std::move(spec)),
      observer_(std::move(observer)),
      output_credit_(spec_.output_credit_bytes),
      stdin_credit_(kFirstStdinCredit),
      first_input_bytes_(spec_.stdin_data.size()),
      input_(std::move(spec_.stdin_data)),
      input_complete_(!spec_.accepts_later_input) {}

absl::Status RunnerProcess::AppendStart(std::uint64_t number,
                                        absl::Duration now, std::string& out) {
  number_ = number;
  began_ = now;
  if (absl::Status status = CheckSpec(spec_); !status.ok()) return status;
  if (absl::Status status = AppendPrepare(out); !status.ok()) return status;
  for (const ProcessFile& file : spec_.files) {
    if (absl::Status status = AppendFile(file, out); !status.ok()) {
      return status;
    }
  }
  spec_.files.clear();
  runner::v1::ToRunner message;
  message.mutable_start()->set_process(number_);
  if (absl::Status status = AppendFrame(message, out); !status.ok()) {
    return status;
  }
  return AppendInput(out);
}

absl::Status RunnerProcess::AppendPrepare(std::string& out) const {
  runner::v1::ToRunner message;
  runner::v1::Prepare& prepare = *message.mutable_prepare();
  prepare.set_process(number_);
  for (const std::string& text : spec_.argv) prepare.add_argv(text);
  for (const std::string& text : spec_.env) prepare.add_env(text);
  prepare.set_cwd(spec_.cwd);
  prepare.set_timeout_ms(Milliseconds(spec_.timeout));
  prepare.set_kill_grace_ms(static_cast<std::uint32_t>(
      std::min<std::uint64_t>(Milliseconds(spec_.kill_grace),
                              std::numeric_limits<std::uint32_t>::max())));
  prepare.set_output_limit_bytes(spec_.output_limit_bytes);
  prepare.set_output_credit_bytes(spec_.output_credit_bytes);
  prepare.set_parallel(spec_.parallel);
  return AppendFrame(message, out);
}

absl::Status RunnerProcess::AppendFile(const ProcessFile& file,
                                       std::string& out) const {
  std::size_t offset = 0;
  do {
    runner::v1::ToRunner message;
    runner::v1::FileChunk& chunk = *message.mutable_file_chunk();
    chunk.set_process(number_);
    chunk.set_path(file.path);
    chunk.set_mode(file.mode);
    chunk.set_first(offset == 0);
    chunk.set_data(file.content.substr(offset, kPieceBytes));
    if (absl::Status status = AppendFrame(message, out); !status.ok()) {
      return status;
    }
    offset += kPieceBytes;
  } while (offset < file.content.size());
  return absl::OkStatus();
}

absl::Status RunnerProcess::AddInput(absl::string_view data, bool end) {
  if (input_complete_) {
    return absl::FailedPreconditionError("the process accepts no more input");
  }
  later_input_ += data.size();
  if (later_input_ > input_credit_told_) {
    return absl::FailedPreconditionError(
        "more input than there was credit for");
  }
  input_.append(data.data(), data.size());
  input_complete_ = end;
  return absl::OkStatus();
}

absl::Status RunnerProcess::AppendInput(std::string& out) {
  while (!stdin_ended_) {
    const std::uint64_t left = input_.size() - input_done_;
    const std::uint64_t piece = std::min(
        {left, stdin_credit_ - stdin_sent_, std::uint64_t{kPieceBytes}});
    const bool end = input_complete_ && piece == left;
    if (piece == 0 && !end) break;
    runner::v1::ToRunner message;
    runner::v1::StdinChunk& chunk = *message.mutable_stdin_chunk();
    chunk.set_process(number_);
    chunk.set_data(input_.substr(input_done_, piece));
    chunk.set_end(end);
    if (absl::Status status = AppendFrame(message, out); !status.ok()) {
      return status;
    }
    stdin_sent_ += piece;
    input_done_ += piece;
    stdin_ended_ = end;
  }
  // Half at least, so that each byte is moved once or less on average.
  if (input_done_ >= input_.size() - input_done_) {
    input_.erase(0, input_done_);
    input_done_ = 0;
  }
  TellInputCredit();
  return absl::OkStatus();
}

void RunnerProcess::TellInputCredit() {
  if (input_complete_ || stdin_sent_ < first_input_bytes_) return;
  const std::uint64_t limit =
      stdin_sent_ - first_input_bytes_ + SandboxProcess::kFirstInputCredit;
  if (limit <= input_credit_told_) return;
  input_credit_told_ = limit;
  observer_->OnInputCredit(limit);
}

absl::Status RunnerProcess::AppendCredit(std::uint64_t limit_bytes,
                                         std::string& out) {
  if (limit_bytes <= output_credit_) return absl::OkStatus();
  output_credit_ = limit_bytes;
  runner::v1::ToRunner message;
  message.mutable_output_credit()->set_process(number_);
  message.mutable_output_credit()->set_limit_bytes(limit_bytes);
  return AppendFrame(message, out);
}

absl::Status RunnerProcess::AppendKill(std::string& out) {
  if (kill_sent_) return absl::OkStatus();
  kill_sent_ = true;
  runner::v1::ToRunner message;
  message.mutable_kill()->set_process(number_);
  return AppendFrame(message, out);
}

absl::Status RunnerProcess::OnStarted() {
  if (started_) return absl::DataLossError("a process started twice");
  started_ = true;
  observer_->OnStarted();
  return absl::OkStatus();
}

absl::Status RunnerProcess::OnOutput(const runner::v1::OutputChunk& chunk) {
  if (!started_) return absl::DataLossError("output before the start");
  if (chunk.stream() != 1 && chunk.stream() != 2) {
    return absl::DataLossError(
        absl::StrCat("unknown output stream ", chunk.stream()));
  }
  if (chunk.data().empty()) return absl::DataLossError("empty output");
  output_bytes_ += chunk.data().size();
  // Written so that no credit, however large, overflows.
  if (output_bytes_ > kDrainBytes &&
      output_bytes_ - kDrainBytes > output_credit_) {
    return absl::DataLossError("more output than there was credit for");
  }
  if (spec_.output_limit_bytes > 0 &&
      output_bytes_ > spec_.output_limit_bytes) {
    return absl::DataLossError("more output than its limit");
  }
  observer_->OnOutput(chunk.stream() == 1 ? Stream::kStdout : Stream::kStderr,
                      chunk.data());
  return absl::OkStatus();
}

absl::Status RunnerProcess::OnStdinCredit(
    const runner::v1::StdinCredit& credit) {
  if (credit.limit_bytes() < stdin_credit_) {
    return absl::DataLossError("the credit for input fell");
  }
  stdin_credit_ = credit.limit_bytes();
  return absl::OkStatus();
}

absl::StatusOr<ProcessEnd> RunnerProcess::OnEnded(
    const runner::v1::Ended& ended) const {
  return ProcessEndFromFrame(ended, {started_, kill_sent_});
}

}  // namespace airlock::executor
