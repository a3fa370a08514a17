// Executors in miniature.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/executor.grpc.pb.h"

namespace airlock {

// Keeps executors by id. Of one that drains, an execution or a session ends
// each time it is looked at. Thread-safe.
class FakeExecutors final : public airlock::v1::ExecutorService::Service {
 public:
  void Put(const airlock::v1::Executor& executor) ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on what drains keeps what it has.
  void NothingEnds() ABSL_LOCKS_EXCLUDED(mutex_);
  // At the next look what drains stands as it is told here.
  void DrainsInto(airlock::v1::Executor::State state)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The header of the last call.
  std::string authorization() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status ListExecutors(
      grpc::ServerContext* context,
      const airlock::v1::ListExecutorsRequest* request,
      airlock::v1::ListExecutorsResponse* response) override;
  grpc::Status CordonExecutor(
      grpc::ServerContext* context,
      const airlock::v1::CordonExecutorRequest* request,
      airlock::v1::CordonExecutorResponse* response) override;
  grpc::Status UncordonExecutor(
      grpc::ServerContext* context,
      const airlock::v1::UncordonExecutorRequest* request,
      airlock::v1::UncordonExecutorResponse* response) override;
  grpc::Status DrainExecutor(
      grpc::ServerContext* context,
      const airlock::v1::DrainExecutorRequest* request,
      airlock::v1::DrainExecutorResponse* response) override;

 private:
  // Gives one a state.
  grpc::Status Set(const std::string& id, airlock::v1::Executor::State state,
                   airlock::v1::Executor& now) ABSL_LOCKS_EXCLUDED(mutex_);
  void DrainABit(airlock::v1::Executor& executor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::map<std::string, airlock::v1::Executor> executors_
      ABSL_GUARDED_BY(mutex_);
  bool nothing_ends_ ABSL_GUARDED_BY(mutex_) = false;
  airlock::v1::Executor::State drains_into_ ABSL_GUARDED_BY(mutex_) =
      airlock::v1::Executor::STATE_DRAINING;
  std::string authorization_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
