#include "services/policy/dispatch/target_reader.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/file_action/file_end.h"
#include "common/status/error.h"
#include "common/text_escape/shown_text.h"
#include "services/policy/dispatch/execution_id.h"
#include "services/policy/dispatch/spec_builder.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ExecuteRequest;
using airlock::v1::ExecutionEvent;
using airlock::v1::Outcome;
using airlock::v1::ReadTargetResponse;
using PublicExecution = airlock::v1::Execution;

absl::Status NotPendingError(const std::string& id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "APPROVAL_ENDED",
                   absl::StrCat("approval ", id, " is not pending any more"),
                   {{"id", id}});
}

absl::Status NoTargetError(const std::string& id) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "NO_TARGET",
                   absl::StrCat("approval ", id, " is about no file_write"),
                   {{"id", id}});
}

absl::Status TooManyError() {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_LOOKS",
                absl::StrCat(TargetReader::kMaxReads,
                             " files are being looked at; try again")),
      absl::Seconds(1));
}

absl::Status NotReadError(absl::string_view why) {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kUnavailable, "TARGET_NOT_READ",
                absl::StrCat("the file could not be read now: ", why)),
      absl::Seconds(1));
}

// What reading it came to.
absl::StatusOr<ReadTargetResponse> ResultOf(const PublicExecution& ended,
                                            std::string data) {
  ReadTargetResponse response;
  response.set_execution_id(ended.id());
  const Outcome& outcome = ended.outcome();
  const FileEndWords& not_found =
      WordsOfFileEnd(static_cast<int>(FileEnd::kNotFound));
  if (ended.state() != PublicExecution::STATE_FINISHED) {
    return NotReadError(ended.state_reason());
  }
  if (outcome.ended_by() == Outcome::ENDED_BY_OUTPUT_LIMIT ||
      (outcome.ended_by() == Outcome::ENDED_BY_EXITED &&
       outcome.exit_code() == 0)) {
    response.set_presence(ReadTargetResponse::PRESENCE_FILE);
    const bool is_long = data.size() > TargetReader::kMaxBytes ||
                         outcome.ended_by() == Outcome::ENDED_BY_OUTPUT_LIMIT;
    ShownText shown = ShowText(data, LineFeeds::kKept, TargetReader::kMaxBytes);
    airlock::v1::ViewField& content = *response.mutable_content();
    content.set_name("content");
    content.set_block(true);
    content.set_text(std::move(shown.text));
    content.set_cut_bytes(shown.cut_bytes);
    if (is_long || shown.cut_bytes > 0) {
      response.set_message("it goes on; only its beginning is shown");
    }
  } else if (outcome.ended_by() != Outcome::ENDED_BY_EXITED) {
    return NotReadError(outcome.message());
  } else if (outcome.reason() == not_found.reason) {
    response.set_presence(ReadTargetResponse::PRESENCE_NONE);
  } else {
    response.set_presence(ReadTargetResponse::PRESENCE_UNREADABLE);
    response.set_message(outcome.message());
  }
  return response;
}

}  // namespace

// Collects what the read writes. Its calls come from inside the serializer.
class TargetReader::Sink final : public EventSink {
 public:
  Sink(std::function<void()> written, Done done)
      : written_(std::move(written)), done_(std::move(done)) {}

  void Send(ExecutionEvent event) override {
    if (event.has_output() &&
        event.output().stream() == airlock::v1::OUTPUT_STREAM_STDOUT) {
      // One byte more says that there is more.
      const std::size_t room = kMaxBytes + 1 - data_.size();
      data_.append(event.output().data(), 0, room);
    }
    written_();
  }
  void SendLast(ExecutionEvent event) override {
    Answer(ResultOf(event.completed(), std::move(data_)));
  }
  void Finish(const absl::Status& status) override { Answer(status); }
  bool closed() const override { return done_ == nullptr; }

 private:
  void Answer(const absl::StatusOr<ReadTargetResponse>& result) {
    if (const Done done = std::exchange(done_, nullptr)) done(result);
  }

  const std::function<void()> written_;
  Done done_;
  std::string data_;
};

absl::StatusOr<ExecuteRequest> TargetReader::LookAt(
    const Execution& execution) {
  const std::string& approval_id = execution.record.execution.approval_id();
  airlock::internal::v1::ExecutionSpec spec;
  if (!spec.ParseFromString(execution.spec) || !spec.action().has_file_write())
    return NoTargetError(approval_id);
  ExecuteRequest request;
  request.set_request_id(absl::StrCat("look-", NewExecutionId(p_.clock.Now())));
  airlock::v1::FileRead& read = *request.mutable_action()->mutable_file_read();
  read.set_path(spec.action().file_write().path());
  read.set_limit(kMaxBytes + 1);
  request.set_cancel_on_disconnect(true);
  // A sandbox that nothing ran in is like a new one, and stays untouched.
  if (p_.placement.HasSandbox(execution)) {
    request.set_session(execution.record.execution.session());
  }
  return request;
}

void TargetReader::Read(const std::string& asked_by, const Approval& approval,
                        Done done) {
  Execution* execution = p_.table.Find(approval.execution_id());
  if (approval.state() != Approval::STATE_PENDING || execution == nullptr) {
    done(NotPendingError(approval.id()));
    return;
  }
  absl::StatusOr<ExecuteRequest> request = LookAt(*execution);
  if (request.ok() && reads_.size() >= kMaxReads) request = TooManyError();
  if (!request.ok()) {
    done(request.status());
    return;
  }
  const WatcherId watcher = p_.new_watcher();
  const auto sink = std::make_shared<Sink>(
      [this, watcher] { p_.written(watcher); }, std::move(done));
  reads_[watcher] = {sink, p_.clock.Monotonic() + kPatience};
  std::string hash = HashRequest(*request);
  p_.intake.Accept({watcher, approval.agent(), *std::move(request),
                    std::move(hash), sink, asked_by});
}

void TargetReader::Tick() {
  const absl::Duration now = p_.clock.Monotonic();
  std::vector<WatcherId> over;
  for (const auto& [watcher, read] : reads_) {
    if (read.sink->closed() || now >= read.deadline) over.push_back(watcher);
  }
  for (const WatcherId watcher : over) {
    reads_[watcher].sink->Finish(
        NotReadError("its sandbox is busy or cannot be reached"));
    reads_.erase(watcher);
    p_.gone(watcher);
  }
}

}  // namespace airlock::policy
