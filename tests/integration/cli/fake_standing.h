// Standing approvals in miniature.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/standing_approval.grpc.pb.h"

namespace airlock {

// Suggests exactly the action and one pattern for every question, and remembers
// what is given. Thread-safe.
class FakeStanding final
    : public airlock::v1::StandingApprovalService::Service {
 public:
  grpc::Status SuggestStandingApprovals(
      grpc::ServerContext* /*context*/,
      const airlock::v1::SuggestStandingApprovalsRequest* request,
      airlock::v1::SuggestStandingApprovalsResponse* response) override {
    if (request->approval_id() == "never") return grpc::Status::OK;
    airlock::v1::StandingSuggestion& exact = *response->add_suggestions();
    exact.mutable_scope()->set_action_hash("hash");
    exact.set_summary("exactly this");
    exact.set_covered_questions(1);
    airlock::v1::StandingSuggestion& pattern = *response->add_suggestions();
    pattern.mutable_scope()->mutable_pattern()->add_argv_prefix("ls");
    pattern.set_summary("what begins with ls \u202E");
    pattern.set_covered_questions(4);
    return grpc::Status::OK;
  }

  grpc::Status CreateStandingApproval(
      grpc::ServerContext* /*context*/,
      const airlock::v1::CreateStandingApprovalRequest* request,
      airlock::v1::CreateStandingApprovalResponse* response) override {
    const absl::MutexLock lock(&mutex_);
    if (refuses_) {
      return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "not now");
    }
    created_.push_back(*request);
    airlock::v1::StandingApproval& given =
        *response->mutable_standing_approval();
    given.set_id(absl::StrCat("st", created_.size()));
    given.set_state(airlock::v1::StandingApproval::STATE_ACTIVE);
    given.set_max_uses(request->max_uses());
    given.set_summary("what begins with ls");
    given.set_approver("web:ann");
    given_.push_back(given);
    return grpc::Status::OK;
  }

  grpc::Status ListStandingApprovals(
      grpc::ServerContext* /*context*/,
      const airlock::v1::ListStandingApprovalsRequest* /*request*/,
      airlock::v1::ListStandingApprovalsResponse* response) override {
    const absl::MutexLock lock(&mutex_);
    for (const auto& given : given_) {
      *response->add_standing_approvals() = given;
    }
    return grpc::Status::OK;
  }

  grpc::Status RevokeStandingApproval(
      grpc::ServerContext* /*context*/,
      const airlock::v1::RevokeStandingApprovalRequest* request,
      airlock::v1::RevokeStandingApprovalResponse* response) override {
    const absl::MutexLock lock(&mutex_);
    for (auto& given : given_) {
      if (given.id() != request->id()) continue;
      given.set_state(airlock::v1::StandingApproval::STATE_REVOKED);
      given.set_revoked_by("olga");
      *response->mutable_standing_approval() = given;
      return grpc::Status::OK;
    }
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "there is none");
  }

  std::vector<airlock::v1::CreateStandingApprovalRequest> created()
      ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    return created_;
  }
  void Refuse() ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    refuses_ = true;
  }

 private:
  absl::Mutex mutex_;
  bool refuses_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<airlock::v1::CreateStandingApprovalRequest> created_
      ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::StandingApproval> given_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
