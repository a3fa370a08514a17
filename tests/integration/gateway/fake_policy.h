// A policy service as gateways see it: the public services behind mutual TLS.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.grpc.pb.h"
#include "common/rpc/access.h"
#include "common/rpc/server.h"
#include "tests/support/free_port.h"
#include "tests/support/test_certs.h"

namespace airlock::gateway {

// Remembers what it was asked and plays what it was told to. Thread-safe.
class FakePolicy final : public airlock::v1::ExecutionService::CallbackService {
 public:
  // `certs` must outlive this.
  explicit FakePolicy(TestCerts& certs, int port = FreePort());
  ~FakePolicy() override;

  int port() const { return server_->port(); }

  // What GetExecution answers from now on.
  void SetGetStatus(grpc::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // How Execute goes from now on: so many events of 64 KiB, then this status.
  // With `hang` it never ends by itself.
  void SetStream(int events, grpc::Status end, bool hang = false)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The last request, the credential and the deadline that came with it.
  airlock::v1::ExecuteRequest last_execute() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::string last_authorization() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time last_deadline() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether so many bytes of events were written within `timeout`.
  bool WaitForWritten(std::int64_t bytes, absl::Duration timeout)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether a stream was cancelled within `timeout`.
  bool WaitForCancel(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

  static constexpr std::int64_t kEventBytes = 65'536;

 private:
  class Stream;

  grpc::ServerUnaryReactor* GetExecution(
      grpc::CallbackServerContext* context,
      const airlock::v1::GetExecutionRequest* request,
      airlock::v1::GetExecutionResponse* response) override;
  grpc::ServerWriteReactor<airlock::v1::ExecuteResponse>* Execute(
      grpc::CallbackServerContext* context,
      const airlock::v1::ExecuteRequest* request) override;

  void Remember(const grpc::CallbackServerContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const AccessTable access_{
      {airlock::v1::ExecutionService::service_full_name()}};
  mutable absl::Mutex mutex_;
  grpc::Status get_status_ ABSL_GUARDED_BY(mutex_);
  grpc::Status end_ ABSL_GUARDED_BY(mutex_);
  int events_ ABSL_GUARDED_BY(mutex_) = 0;
  bool hang_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::int64_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  airlock::v1::ExecuteRequest last_execute_ ABSL_GUARDED_BY(mutex_);
  std::string last_authorization_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_deadline_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<RpcServer> server_;
};

}  // namespace airlock::gateway
