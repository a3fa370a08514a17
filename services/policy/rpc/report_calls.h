// Calls of airlock.v1.ReportService: walks over executions that gRPC waits for.
//
// gRPC and the walk own each call together. A call ends only where its walk
// does, soon after the client is gone: when it is done nothing of it uses the
// store any more.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/report.pb.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/report/activity.h"
#include "services/policy/report/approval_report.h"
#include "services/policy/report/history_walks.h"
#include "services/policy/report/policy_replay.h"

namespace airlock::policy {

// A call with one answer.
class ReportCall : public grpc::ServerUnaryReactor, public HistoryVisitor {
 public:
  // Starts `call`, or ends it where there are too many; it belongs to gRPC.
  static grpc::ServerUnaryReactor* Start(HistoryWalks& walks,
                                         std::shared_ptr<ReportCall> call);

  bool cancelled() const override { return cancelled_; }

 protected:
  ReportCall() = default;

  // Whoever goes on after the walk keeps the call alive by this.
  std::shared_ptr<ReportCall> self() const { return self_; }

 private:
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { self_.reset(); }

  std::atomic<bool> cancelled_ = false;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<ReportCall> self_;
};

// GetActivity.
class ActivityCall final : public ReportCall {
 public:
  // `store` must outlive it, and `response` lives until it is finished.
  ActivityCall(Store& store, ExecutionQuery query, std::size_t buckets,
               airlock::v1::GetActivityResponse* response)
      : store_(store),
        query_(std::move(query)),
        activity_(query_.from, query_.to, buckets),
        response_(response) {}

  absl::StatusOr<HistoryRequest> Begin() override;
  void OnPage(const std::vector<ExecutionHistory>& page) override;
  void End(absl::StatusOr<bool> complete) override;

 private:
  Store& store_;
  const ExecutionQuery query_;
  Activity activity_;
  airlock::v1::GetActivityResponse* const response_;
};

// GetApprovalReport.
class ApprovalReportCall final : public ReportCall {
 public:
  // `response` lives until it is finished.
  ApprovalReportCall(std::shared_ptr<const Contract> contract,
                     ExecutionQuery query,
                     airlock::v1::GetApprovalReportResponse* response)
      : query_(std::move(query)),
        report_(std::move(contract)),
        response_(response) {}

  absl::StatusOr<HistoryRequest> Begin() override;
  void OnPage(const std::vector<ExecutionHistory>& page) override;
  void End(absl::StatusOr<bool> complete) override;

 private:
  const ExecutionQuery query_;
  ApprovalReport report_;
  airlock::v1::GetApprovalReportResponse* const response_;
};

// ReplayPolicy: tells how far it is after each page, where the client has taken
// what it was told before.
class ReplayCall final
    : public grpc::ServerWriteReactor<airlock::v1::ReplayPolicyResponse>,
      public HistoryVisitor {
 public:
  // Starts one, or ends it where there are too many; it belongs to gRPC.
  static ReplayCall* Start(HistoryWalks& walks, ExecutionQuery query,
                           std::string config);
  // One that ends before it began.
  static ReplayCall* Refuse(const absl::Status& status);

  bool cancelled() const override { return cancelled_; }
  absl::StatusOr<HistoryRequest> Begin() override;
  void OnPage(const std::vector<ExecutionHistory>& page) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void End(absl::StatusOr<bool> complete) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  ReplayCall(ExecutionQuery query, std::string config)
      : query_(std::move(query)), config_(std::move(config)) {}

  void FinishWith(const absl::StatusOr<bool>& complete)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override { cancelled_ = true; }
  void OnDone() override { self_.reset(); }

  const ExecutionQuery query_;
  const std::string config_;
  // From Begin() on; of the walk.
  std::optional<PolicyReplay> replay_;
  std::atomic<bool> cancelled_ = false;
  // Until OnDone: gRPC knows it only by its address.
  std::shared_ptr<ReplayCall> self_;
  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // How the walk ended, while something is being written.
  std::optional<absl::StatusOr<bool>> ended_ ABSL_GUARDED_BY(mutex_);
  airlock::v1::ReplayPolicyResponse response_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
