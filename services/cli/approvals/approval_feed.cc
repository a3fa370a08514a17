#include "services/cli/approvals/approval_feed.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/text_escape/escape.h"

namespace airlock::cli {
namespace {

using airlock::v1::Approval;

constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(10);
// A connection that is dead without saying so is noticed after this long.
constexpr absl::Duration kLongestStream = absl::Minutes(10);

// Statuses with which streams end that may be opened again.
bool IsWorthAnotherTry(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

// The stream was only as old as it may become.
bool IsOfAge(const absl::Status& status, absl::Time began) {
  return absl::IsDeadlineExceeded(status) &&
         absl::Now() - began >= kLongestStream;
}

}  // namespace

ApprovalFeed::ApprovalFeed(AirlockClient& client, std::string agent,
                           ApprovalListener& listener)
    : client_(client), agent_(std::move(agent)), listener_(listener) {}

absl::Status ApprovalFeed::Run() {
  for (;;) {
    const absl::Time began = absl::Now();
    absl::Status status = Follow();
    {
      absl::MutexLock lock(&mutex_);
      if (stopped_) return absl::OkStatus();
    }
    if (IsOfAge(status, began)) continue;
    if (!IsWorthAnotherTry(status)) return status;
    if (!PauseAfter(status)) return absl::OkStatus();
  }
}

absl::Status ApprovalFeed::Follow() {
  airlock::v1::WatchApprovalsRequest request;
  request.set_agent(agent_);
  const std::unique_ptr<ApprovalStream> stream =
      client_.WatchApprovals(request, absl::Now() + kLongestStream);
  {
    absl::MutexLock lock(&mutex_);
    if (stopped_) return absl::OkStatus();
    stream_ = stream.get();
  }
  open_.BeginTelling();
  airlock::v1::WatchApprovalsResponse message;
  while (stream->Next(message)) {
    if (std::exchange(failures_, 0) > 0) listener_.OnNote("connected again");
    if (message.has_approval()) {
      Take(message.approval());
    } else {
      CatchUp();
    }
  }
  {
    absl::MutexLock lock(&mutex_);
    stream_ = nullptr;
  }
  return stream->Finish();
}

void ApprovalFeed::Take(const Approval& approval) {
  if (open_.Update(approval)) listener_.OnApproval(approval);
}

void ApprovalFeed::CatchUp() {
  for (const std::string& id : open_.EndTelling()) {
    airlock::v1::GetApprovalRequest request;
    request.set_id(id);
    absl::StatusOr<airlock::v1::GetApprovalResponse> response =
        client_.GetApproval(request);
    if (response.ok()) {
      response->mutable_approval()->clear_view();
      Take(response->approval());
      continue;
    }
    listener_.OnNote(absl::StrCat(EscapeText(id),
                                  " is not pending any more; how it ended is "
                                  "not known: ",
                                  EscapeText(response.status().message())));
    open_.Forget(id);
  }
  if (!std::exchange(caught_up_, true)) listener_.OnCaughtUp();
}

bool ApprovalFeed::PauseAfter(const absl::Status& status) {
  if (failures_++ == 0) {
    listener_.OnNote(absl::StrCat(
        "the connection broke; trying again: ",
        EscapeText(status.ok() ? "the stream ended" : status.message())));
  }
  absl::Duration pause = kFirstPause;
  for (int i = 1; i < failures_ && pause < kLongestPause; ++i) pause *= 2;
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopped_),
                          std::min(pause, kLongestPause));
  return !stopped_;
}

void ApprovalFeed::Stop() {
  absl::MutexLock lock(&mutex_);
  stopped_ = true;
  if (stream_ != nullptr) stream_->Cancel();
}

}  // namespace airlock::cli
