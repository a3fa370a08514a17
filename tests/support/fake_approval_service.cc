#include "tests/support/fake_approval_service.h"

#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/status.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"

namespace airlock {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;

constexpr absl::Duration kPatience = absl::Seconds(30);
// How often a stream looks whether its caller is gone.
constexpr absl::Duration kLook = absl::Milliseconds(20);

grpc::Status NoSuchApproval() {
  return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound,
                                "APPROVAL_NOT_FOUND", "no such approval"));
}

grpc::Status Refuse(const char* reason, const char* message) {
  return ToGrpcStatus(
      MakeError(absl::StatusCode::kFailedPrecondition, reason, message));
}

Approval WithoutView(Approval approval) {
  approval.clear_view();
  return approval;
}

}  // namespace

void FakeApprovalService::Put(const Approval& approval) {
  absl::MutexLock lock(&mutex_);
  approvals_[approval.id()] = approval;
  changes_.push_back(WithoutView(approval));
}

void FakeApprovalService::PutSilently(const Approval& approval) {
  absl::MutexLock lock(&mutex_);
  approvals_[approval.id()] = approval;
}

Approval FakeApprovalService::Get(const std::string& id) {
  absl::MutexLock lock(&mutex_);
  return approvals_[id];
}

void FakeApprovalService::BreakStreams() {
  absl::MutexLock lock(&mutex_);
  ++breaks_;
}

void FakeApprovalService::RefuseStreams(grpc::Status status) {
  absl::MutexLock lock(&mutex_);
  refusal_ = std::move(status);
}

bool FakeApprovalService::AwaitStreams(int count) {
  const auto begun = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return streams_ >= count;
  };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&begun), kPatience);
}

std::vector<airlock::v1::ListApprovalsRequest> FakeApprovalService::lists() {
  absl::MutexLock lock(&mutex_);
  return lists_;
}

std::vector<airlock::v1::DecideApprovalRequest>
FakeApprovalService::decisions() {
  absl::MutexLock lock(&mutex_);
  return decisions_;
}

grpc::Status FakeApprovalService::ListApprovals(
    grpc::ServerContext* /*context*/,
    const airlock::v1::ListApprovalsRequest* request,
    airlock::v1::ListApprovalsResponse* response) {
  absl::MutexLock lock(&mutex_);
  lists_.push_back(*request);
  std::vector<Approval> wanted;
  for (const auto& [id, approval] : approvals_) {
    if (request->state() == Approval::STATE_UNSPECIFIED ||
        request->state() == approval.state()) {
      wanted.push_back(WithoutView(approval));
    }
  }
  const auto at =
      static_cast<std::size_t>(std::atoi(request->page_token().c_str()));
  if (at >= wanted.size()) return grpc::Status::OK;
  *response->add_approvals() = wanted[at];
  if (at + 1 < wanted.size()) {
    response->set_next_page_token(absl::StrCat(at + 1));
  }
  return grpc::Status::OK;
}

grpc::Status FakeApprovalService::GetApproval(
    grpc::ServerContext* /*context*/,
    const airlock::v1::GetApprovalRequest* request,
    airlock::v1::GetApprovalResponse* response) {
  absl::MutexLock lock(&mutex_);
  const auto found = approvals_.find(request->id());
  if (found == approvals_.end()) return NoSuchApproval();
  *response->mutable_approval() = found->second;
  return grpc::Status::OK;
}

grpc::Status FakeApprovalService::WatchApprovals(
    grpc::ServerContext* context,
    const airlock::v1::WatchApprovalsRequest* /*request*/,
    grpc::ServerWriter<airlock::v1::WatchApprovalsResponse>* writer) {
  std::vector<Approval> pending;
  std::size_t sent = 0;
  int breaks = 0;
  {
    absl::MutexLock lock(&mutex_);
    ++streams_;
    if (!refusal_.ok()) return refusal_;
    for (const auto& [id, approval] : approvals_) {
      if (approval.state() == Approval::STATE_PENDING) {
        pending.push_back(WithoutView(approval));
      }
    }
    sent = changes_.size();
    breaks = breaks_;
  }
  const auto send = [writer](const Approval& approval) {
    airlock::v1::WatchApprovalsResponse message;
    *message.mutable_approval() = approval;
    writer->Write(message);
  };
  for (const Approval& approval : pending) send(approval);
  writer->Write({});
  while (!context->IsCancelled()) {
    std::vector<Approval> fresh;
    {
      const auto has_news = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return changes_.size() > sent || breaks_ > breaks;
      };
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(&has_news), kLook);
      if (breaks_ > breaks) {
        return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
      }
      fresh.assign(changes_.begin() + static_cast<std::ptrdiff_t>(sent),
                   changes_.end());
      sent = changes_.size();
    }
    for (const Approval& approval : fresh) send(approval);
  }
  return grpc::Status::CANCELLED;
}

grpc::Status FakeApprovalService::DecideApproval(
    grpc::ServerContext* /*context*/,
    const airlock::v1::DecideApprovalRequest* request,
    airlock::v1::DecideApprovalResponse* response) {
  absl::MutexLock lock(&mutex_);
  decisions_.push_back(*request);
  const auto found = approvals_.find(request->id());
  if (found == approvals_.end()) return NoSuchApproval();
  Approval& approval = found->second;
  if (approval.state() != Approval::STATE_PENDING) {
    return Refuse("APPROVAL_ENDED", "web:bob was first");
  }
  const bool approves = request->answer() == ApprovalAnswer::ANSWER_APPROVE;
  if (approves && request->digest() != approval.digest()) {
    return Refuse("DIGEST_MISMATCH", "something else was shown");
  }
  ApprovalAnswer* answer = approval.add_answers();
  answer->set_answer(request->answer());
  answer->set_approver("web:ann");
  answer->set_comment(request->comment());
  approval.set_state(approves ? Approval::STATE_APPROVED
                              : Approval::STATE_REJECTED);
  *approval.mutable_end_time() = ToProto(absl::Now());
  changes_.push_back(WithoutView(approval));
  *response->mutable_approval() = WithoutView(approval);
  return grpc::Status::OK;
}

grpc::Status FakeApprovalService::CancelApproval(
    grpc::ServerContext* /*context*/,
    const airlock::v1::CancelApprovalRequest* request,
    airlock::v1::CancelApprovalResponse* response) {
  absl::MutexLock lock(&mutex_);
  const auto found = approvals_.find(request->id());
  if (found == approvals_.end()) return NoSuchApproval();
  if (found->second.state() != Approval::STATE_PENDING) {
    return Refuse("APPROVAL_ENDED", "web:bob was first");
  }
  found->second.set_state(Approval::STATE_CANCELLED);
  changes_.push_back(WithoutView(found->second));
  *response->mutable_approval() = WithoutView(found->second);
  return grpc::Status::OK;
}

Approval MakePendingApproval(const std::string& id) {
  Approval approval;
  approval.set_id(id);
  approval.set_execution_id(absl::StrCat("ex-", id));
  approval.set_agent("demo");
  approval.set_action_kind(airlock::v1::ACTION_KIND_CODE_EXEC);
  approval.set_state(Approval::STATE_PENDING);
  *approval.mutable_create_time() = ToProto(absl::Now());
  *approval.mutable_deadline() = ToProto(absl::Now() + absl::Minutes(5));
  approval.set_digest(absl::StrCat("digest-of-", id));
  approval.set_required_approvals(1);
  approval.set_channel("web");
  approval.set_summary("python: print(1)");
  airlock::v1::ViewField* code = approval.mutable_view()->add_fields();
  code->set_name("code");
  code->set_text("print(1)");
  code->set_block(true);
  code->set_language("python");
  approval.mutable_view()->set_complete(true);
  return approval;
}

}  // namespace airlock
