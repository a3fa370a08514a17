#include "services/cli/workspace/file_actions.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/security/random.h"
#include "common/status/error.h"
#include "services/cli/render/execution_text.h"
#include "services/cli/run/event_sink.h"
#include "services/cli/run/exit_code.h"
#include "services/cli/workspace/line_splitter.h"
#include "services/cli/workspace/remote_path.h"

namespace airlock::cli {
namespace {

using airlock::v1::Action;
using airlock::v1::Execution;
using airlock::v1::Outcome;

constexpr int kExitActionFailed = 1;
// Standard error of a file action has one sentence.
constexpr std::size_t kMaxErrorBytes = 4096;

// Standard output to who wants it, the beginning of standard error into memory.
class ActionSink final : public EventSink {
 public:
  ActionSink(const FileActions::OnData& on_data, const FileActions::Note& note)
      : on_data_(on_data), note_(note) {}

  absl::Status OnOutput(const FreshOutput& output,
                        const airlock::v1::ExecutionEvent& /*event*/) override {
    if (output.stream == airlock::v1::OUTPUT_STREAM_STDERR) {
      const std::size_t room = kMaxErrorBytes - error_output_.size();
      error_output_ += std::string(output.data.substr(0, room));
      return absl::OkStatus();
    }
    if (output.lost_bytes > 0) {
      return absl::DataLossError("a part of the file did not come");
    }
    return on_data_(output.data);
  }

  absl::Status OnEvent(const airlock::v1::ExecutionEvent& event) override {
    if (event.has_state_change() &&
        event.state_change().to() == Execution::STATE_AWAITING_APPROVAL) {
      note_("waiting for approval");
    }
    return absl::OkStatus();
  }

  void Note(absl::string_view text) override { note_(text); }

  const std::string& error_output() const { return error_output_; }

 private:
  const FileActions::OnData& on_data_;
  const FileActions::Note& note_;
  std::string error_output_;
};

absl::StatusCode CodeOfReason(const std::string& reason) {
  if (reason == "FILE_NOT_FOUND") return absl::StatusCode::kNotFound;
  if (reason == "FILE_EXISTS") return absl::StatusCode::kAlreadyExists;
  if (reason == "PERMISSION_DENIED") return absl::StatusCode::kPermissionDenied;
  if (reason == "PATH_REFUSED") return absl::StatusCode::kInvalidArgument;
  if (reason == "DISK_FULL") return absl::StatusCode::kResourceExhausted;
  return absl::StatusCode::kFailedPrecondition;
}

absl::Status IgnoreData(absl::string_view /*data*/) { return absl::OkStatus(); }

}  // namespace

FileActions::FileActions(AirlockClient& client, std::string session,
                         absl::Time deadline, Note note)
    : client_(client),
      session_(std::move(session)),
      deadline_(deadline),
      note_(std::move(note)),
      failure_code_(kExitActionFailed) {}

absl::Status FileActions::Read(const std::string& path, std::uint64_t offset,
                               const OnData& on_data) {
  Action action;
  action.mutable_file_read()->set_path(path);
  action.mutable_file_read()->set_offset(offset);
  action.mutable_file_read()->set_limit(kChunkBytes);
  return Run(std::move(action), on_data);
}

absl::Status FileActions::List(
    const std::string& path,
    const std::function<absl::Status(const DirectoryEntry&)>& on_entry) {
  LineSplitter lines([&on_entry](absl::string_view line) -> absl::Status {
    const absl::StatusOr<DirectoryEntry> entry = ParseDirectoryEntry(line);
    if (!entry.ok()) return entry.status();
    return on_entry(*entry);
  });
  Action action;
  action.mutable_file_list()->set_path(path);
  absl::Status listed =
      Run(std::move(action),
          [&lines](absl::string_view data) { return lines.Add(data); });
  return listed.ok() ? lines.Finish() : listed;
}

absl::StatusOr<DirectoryEntry> FileActions::Find(const std::string& path) {
  const std::optional<SplitPath> split = SplitFileName(path);
  if (!split.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", path, "\" names no file"));
  }
  std::optional<DirectoryEntry> found;
  absl::Status listed =
      List(split->directory, [&](const DirectoryEntry& entry) {
        if (entry.name == split->name) found = entry;
        return absl::OkStatus();
      });
  if (!listed.ok()) return listed;
  if (found.has_value()) return *std::move(found);
  return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_FOUND",
                   absl::StrCat("there is no \"", path, "\""));
}

absl::Status FileActions::Write(airlock::v1::FileWrite action) {
  Action write;
  *write.mutable_file_write() = std::move(action);
  return Run(std::move(write), IgnoreData);
}

absl::Status FileActions::Delete(const std::string& path, bool recursive) {
  Action action;
  action.mutable_file_delete()->set_path(path);
  action.mutable_file_delete()->set_recursive(recursive);
  return Run(std::move(action), IgnoreData);
}

absl::Status FileActions::Run(Action action, const OnData& on_data) {
  airlock::v1::ExecuteRequest request;
  *request.mutable_action() = std::move(action);
  request.set_session(session_);
  request.set_request_id(RandomUuid());
  failure_code_ = kExitActionFailed;
  ActionSink sink(on_data, note_);
  Follower follower(client_, sink, deadline_);
  {
    absl::MutexLock lock(&mutex_);
    if (interrupted_) {
      failure_code_ = kExitCancelled;
      return absl::CancelledError("cancelled");
    }
    current_ = &follower;
  }
  const absl::StatusOr<Execution> execution = follower.Run(request);
  {
    absl::MutexLock lock(&mutex_);
    current_ = nullptr;
  }
  if (execution.ok()) return Judge(*execution, sink.error_output());
  failure_code_ = kExitAirlockError;
  return execution.status();
}

absl::Status FileActions::Judge(const Execution& execution,
                                const std::string& error_output) {
  const int code = ExitCodeOf(execution);
  if (code == 0) return absl::OkStatus();
  const Outcome& outcome = execution.outcome();
  const bool has_run = execution.state() == Execution::STATE_FINISHED &&
                       outcome.ended_by() == Outcome::ENDED_BY_EXITED;
  if (!has_run) {
    failure_code_ = code;
    return absl::AbortedError(WhyText(execution));
  }
  failure_code_ = kExitActionFailed;
  std::string text(absl::StripAsciiWhitespace(error_output));
  if (text.empty()) text = outcome.message();
  if (text.empty()) text = "the file action failed";
  return MakeError(CodeOfReason(outcome.reason()), outcome.reason(), text);
}

void FileActions::Interrupt() {
  absl::MutexLock lock(&mutex_);
  interrupted_ = true;
  if (current_ != nullptr) current_->Cancel();
}

bool FileActions::was_refused() const {
  return failure_code_ == kExitDenied || failure_code_ == kExitExpired;
}

}  // namespace airlock::cli
