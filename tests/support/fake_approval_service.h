// Approvals in miniature.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/approval.grpc.pb.h"

namespace airlock {

// Keeps approvals by id and answers as the real service does: an answer must
// carry the digest, and what has ended cannot be answered. One person is
// enough: the caller, "web:ann". Lists come in pages of one. Thread-safe.
class FakeApprovalService final : public airlock::v1::ApprovalService::Service {
 public:
  // Puts or replaces one and tells watchers of it.
  void Put(const airlock::v1::Approval& approval) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same without telling anybody: they were not connected.
  void PutSilently(const airlock::v1::Approval& approval)
      ABSL_LOCKS_EXCLUDED(mutex_);
  airlock::v1::Approval Get(const std::string& id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the streams under way as a lost connection does.
  void BreakStreams() ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on streams are refused like this.
  void RefuseStreams(grpc::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until so many streams were begun.
  bool AwaitStreams(int count) ABSL_LOCKS_EXCLUDED(mutex_);

  // What came.
  std::vector<airlock::v1::ListApprovalsRequest> lists()
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<airlock::v1::DecideApprovalRequest> decisions()
      ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status ListApprovals(
      grpc::ServerContext* context,
      const airlock::v1::ListApprovalsRequest* request,
      airlock::v1::ListApprovalsResponse* response) override;
  grpc::Status GetApproval(grpc::ServerContext* context,
                           const airlock::v1::GetApprovalRequest* request,
                           airlock::v1::GetApprovalResponse* response) override;
  grpc::Status WatchApprovals(
      grpc::ServerContext* context,
      const airlock::v1::WatchApprovalsRequest* request,
      grpc::ServerWriter<airlock::v1::WatchApprovalsResponse>* writer) override;
  grpc::Status DecideApproval(
      grpc::ServerContext* context,
      const airlock::v1::DecideApprovalRequest* request,
      airlock::v1::DecideApprovalResponse* response) override;
  grpc::Status CancelApproval(
      grpc::ServerContext* context,
      const airlock::v1::CancelApprovalRequest* request,
      airlock::v1::CancelApprovalResponse* response) override;

 private:
  absl::Mutex mutex_;
  std::map<std::string, airlock::v1::Approval> approvals_
      ABSL_GUARDED_BY(mutex_);
  // Everything that watchers were told of, first to last.
  std::vector<airlock::v1::Approval> changes_ ABSL_GUARDED_BY(mutex_);
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  int breaks_ ABSL_GUARDED_BY(mutex_) = 0;
  grpc::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::ListApprovalsRequest> lists_ ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::DecideApprovalRequest> decisions_
      ABSL_GUARDED_BY(mutex_);
};

// A pending approval of "demo" with a view of one field, asked now and open
// for five minutes.
airlock::v1::Approval MakePendingApproval(const std::string& id);

}  // namespace airlock
