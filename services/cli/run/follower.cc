#include "services/cli/run/follower.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"

namespace airlock::cli {
namespace {

using airlock::v1::ExecuteRequest;
using airlock::v1::Execution;
using airlock::v1::ExecutionEvent;

// Somebody waits for an answer whether Airlock is there at all.
constexpr int kAttemptsBeforeAccepted = 4;
// Long enough for a gateway to be started again.
constexpr int kAttemptsAfterwards = 12;
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(4);

// Statuses with which streams break on their way rather than at their ends.
bool IsOfTheWay(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

absl::Duration PauseAfter(int failures) {
  absl::Duration pause = kFirstPause;
  for (int i = 1; i < failures; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

}  // namespace

Follower::Follower(AirlockClient& client, EventSink& sink, absl::Time deadline)
    : client_(client), sink_(sink), deadline_(deadline) {}

Follower::~Follower() {
  std::thread cancelling;
  {
    absl::MutexLock lock(&mutex_);
    cancelling = std::move(cancelling_);
  }
  if (cancelling.joinable()) cancelling.join();
}

absl::StatusOr<Execution> Follower::Run(const ExecuteRequest& request) {
  return FollowToEnd(&request);
}

absl::StatusOr<Execution> Follower::Watch(const std::string& id) {
  Accept(id);
  return FollowToEnd(nullptr);
}

absl::StatusOr<Execution> Follower::FollowToEnd(const ExecuteRequest* request) {
  int failures = 0;
  for (;;) {
    const std::unique_ptr<EventStream> stream = Attach(request);
    ExecutionEvent event;
    while (stream->Next(event)) {
      failures = 0;
      absl::Status delivered = Deliver(event);
      if (!delivered.ok()) {
        if (request != nullptr) Cancel();
        return delivered;
      }
      if (event.has_completed()) return event.completed();
    }
    absl::Status status = stream->Finish();
    if (!IsWorthAnotherTry(status, ++failures)) return Explain(status);
    if (failures == 1) {
      sink_.Note(id().empty() ? "cannot connect; trying again"
                              : "the connection broke; attaching again");
    }
    client_.WaitBeforeRetry(PauseAfter(failures));
  }
}

std::unique_ptr<EventStream> Follower::Attach(const ExecuteRequest* request) {
  airlock::v1::WatchExecutionRequest watch;
  watch.set_id(id());
  if (watch.id().empty()) return client_.Execute(*request, deadline_);
  watch.set_stdout_offset(position_.stdout_offset());
  watch.set_stderr_offset(position_.stderr_offset());
  return client_.Watch(watch, deadline_);
}

absl::Status Follower::Deliver(const ExecutionEvent& event) {
  if (event.has_output()) {
    return sink_.OnOutput(position_.Accept(event.output()), event);
  }
  if (event.has_accepted()) {
    const bool is_known = !id().empty();
    Accept(event.accepted().id());
    if (is_known) return absl::OkStatus();
    if (on_accepted_) on_accepted_(event.accepted().id());
  }
  return sink_.OnEvent(event);
}

bool Follower::IsWorthAnotherTry(const absl::Status& status,
                                 int failures) const {
  absl::MutexLock lock(&mutex_);
  if (absl::Now() + PauseAfter(failures) > deadline_) return false;
  if (!id_.empty()) {
    return IsOfTheWay(status) && failures < kAttemptsAfterwards;
  }
  // Nobody knows of it yet: to cancel is to stop trying.
  if (cancel_requested_) return false;
  return absl::IsUnavailable(status) && failures < kAttemptsBeforeAccepted;
}

absl::Status Follower::Explain(const absl::Status& status) const {
  const std::string execution = id();
  const std::string text = status.ok()
                               ? "the stream ended before the execution did"
                               : std::string(status.message());
  const absl::StatusCode code =
      status.ok() ? absl::StatusCode::kUnavailable : status.code();
  absl::Status explained(
      code, execution.empty()
                ? text
                : absl::StrCat(text,
                               "; the execution may go on: airlock "
                               "executions watch ",
                               execution));
  status.ForEachPayload(
      [&explained](absl::string_view type_url, const absl::Cord& payload) {
        explained.SetPayload(type_url, payload);
      });
  return explained;
}

void Follower::Accept(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  id_ = id;
  if (cancel_requested_) StartCancelling();
}

void Follower::Cancel() {
  absl::MutexLock lock(&mutex_);
  cancel_requested_ = true;
  if (!id_.empty()) StartCancelling();
}

void Follower::StartCancelling() {
  if (cancelling_.joinable()) return;
  cancel_under_way_ = true;
  // Not on this thread, which has a stream to read or signals to notice.
  cancelling_ = std::thread([this, id = id_] {
    airlock::v1::CancelExecutionRequest request;
    request.set_id(id);
    const auto response = client_.Cancel(request);
    if (!response.ok()) {
      sink_.Note(absl::StrCat("could not cancel ", EscapeText(id), ": ",
                              EscapeText(response.status().message())));
    }
    absl::MutexLock lock(&mutex_);
    cancel_under_way_ = false;
  });
}

void Follower::AwaitCancelling(absl::Duration longest) {
  const auto is_over = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !cancel_under_way_;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&is_over), longest);
}

std::string Follower::id() const {
  absl::MutexLock lock(&mutex_);
  return id_;
}

}  // namespace airlock::cli
