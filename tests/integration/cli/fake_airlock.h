// The public services in miniature: executions that do what their command says.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "common/rpc/server.h"
#include "tests/integration/cli/fake_audit.h"
#include "tests/integration/cli/fake_executors.h"
#include "tests/integration/cli/fake_files.h"
#include "tests/integration/cli/fake_policy.h"
#include "tests/integration/cli/fake_reports.h"
#include "tests/integration/cli/fake_sessions.h"
#include "tests/integration/cli/fake_standing.h"
#include "tests/support/fake_approval_service.h"

namespace airlock {

// Listens on a free port of this machine, in plain text. Knows these commands:
//
//   exit N    writes "out" and "err", exits with N
//   cat       writes its input
//   break     writes "abc", then its stream breaks; the rest is "def"
//   flaky     is not there the first time it is asked for
//   hang      writes "begun", runs until it is cancelled
//   deny      is denied
//   ask       needs an approval, which is rejected
//   invalid   is refused as a bad request
//   vanish    is accepted, then unknown
//   echo      writes what later input brings, until that is closed
//   first     exits at the first byte of later input
//   deaf      refuses later input as wrong, runs until it is cancelled
//
// File actions are done by FakeFiles; reading "hang" runs until it is
// cancelled. Thread-safe.
class FakeAirlock final : public airlock::v1::ExecutionService::Service {
 public:
  FakeAirlock();
  ~FakeAirlock() override;

  std::string endpoint() const;
  FakeSessions& sessions() { return sessions_; }
  FakeExecutors& executors() { return executors_; }
  FakeAudit& audit() { return audit_; }
  FakeReports& reports() { return reports_; }
  FakeFiles& files() { return files_; }
  FakeApprovalService& approvals() { return approvals_; }
  FakeStanding& standing() { return standing_; }
  // Waits until so many executions were asked for.
  void AwaitRequests(std::size_t count) ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on actions of these kinds are denied.
  void Deny(airlock::v1::Action::KindCase kind) ABSL_LOCKS_EXCLUDED(mutex_);
  // The next file that is read breaks after so many bytes, and what stands
  // between there and twice as many is lost.
  void LoseAfter(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // What came with the calls.
  std::vector<std::string> authorizations() ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<airlock::v1::ExecuteRequest> requests()
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<airlock::v1::WatchExecutionRequest> watches()
      ABSL_LOCKS_EXCLUDED(mutex_);
  airlock::v1::ListExecutionsRequest last_list() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status Execute(
      grpc::ServerContext* context, const airlock::v1::ExecuteRequest* request,
      grpc::ServerWriter<airlock::v1::ExecuteResponse>* writer) override;
  grpc::Status WatchExecution(
      grpc::ServerContext* context,
      const airlock::v1::WatchExecutionRequest* request,
      grpc::ServerWriter<airlock::v1::WatchExecutionResponse>* writer) override;
  grpc::Status WriteStdin(grpc::ServerContext* context,
                          const airlock::v1::WriteStdinRequest* request,
                          airlock::v1::WriteStdinResponse* response) override;
  grpc::Status CancelExecution(
      grpc::ServerContext* context,
      const airlock::v1::CancelExecutionRequest* request,
      airlock::v1::CancelExecutionResponse* response) override;
  grpc::Status ListExecutions(
      grpc::ServerContext* context,
      const airlock::v1::ListExecutionsRequest* request,
      airlock::v1::ListExecutionsResponse* response) override;
  grpc::Status ListWaitingExecutions(
      grpc::ServerContext* context,
      const airlock::v1::ListWaitingExecutionsRequest* request,
      airlock::v1::ListWaitingExecutionsResponse* response) override;

 private:
  // Streams a file action to its end.
  grpc::Status DoFileAction(
      const grpc::ServerContext& context,
      const airlock::v1::ExecuteRequest& request,
      const std::function<void(const airlock::v1::ExecutionEvent&)>& send)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends later input back as it comes: all of it, or only until some came.
  void Echo(bool only_first,
            const std::function<void(const airlock::v1::ExecutionEvent&)>& send)
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsDenied(airlock::v1::Action::KindCase kind) ABSL_LOCKS_EXCLUDED(mutex_);
  void WaitForCancel(const grpc::ServerContext& context)
      ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  std::vector<std::string> authorizations_ ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::ExecuteRequest> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::WatchExecutionRequest> watches_
      ABSL_GUARDED_BY(mutex_);
  airlock::v1::ListExecutionsRequest last_list_ ABSL_GUARDED_BY(mutex_);
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::string input_ ABSL_GUARDED_BY(mutex_);
  bool input_closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_deaf_ ABSL_GUARDED_BY(mutex_) = false;
  int writes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<int> denied_ ABSL_GUARDED_BY(mutex_);
  std::size_t lose_after_ ABSL_GUARDED_BY(mutex_) = 0;
  FakeSessions sessions_;
  FakeExecutors executors_;
  FakeAudit audit_;
  FakeFiles files_;
  FakeApprovalService approvals_;
  FakeStanding standing_;
  FakePolicy policy_;
  FakeReports reports_;
  // Gone first: it calls the others.
  std::unique_ptr<RpcServer> server_;
};

}  // namespace airlock
