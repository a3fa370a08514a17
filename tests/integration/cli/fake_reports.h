// Reports in miniature: what was asked for last, and always the same answers.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/report.grpc.pb.h"

namespace airlock {

// A configuration that says "fully" anywhere is refused; one that says "breaks"
// ends the replay half-way. Thread-safe.
class FakeReports final : public airlock::v1::ReportService::Service {
 public:
  airlock::v1::ReportRange range() ABSL_LOCKS_EXCLUDED(mutex_);
  std::string config() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status GetApprovalReport(
      grpc::ServerContext* context,
      const airlock::v1::GetApprovalReportRequest* request,
      airlock::v1::GetApprovalReportResponse* response) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  grpc::Status ReplayPolicy(
      grpc::ServerContext* context,
      const airlock::v1::ReplayPolicyRequest* request,
      grpc::ServerWriter<airlock::v1::ReplayPolicyResponse>* writer) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;
  airlock::v1::ReportRange range_ ABSL_GUARDED_BY(mutex_);
  std::string config_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
