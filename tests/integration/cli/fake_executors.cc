#include "tests/integration/cli/fake_executors.h"

#include "common/rpc/status.h"
#include "common/status/error.h"
#include "tests/integration/cli/authorization.h"

namespace airlock {

using airlock::v1::Executor;

void FakeExecutors::Put(const Executor& executor) {
  absl::MutexLock lock(&mutex_);
  executors_[executor.id()] = executor;
}

void FakeExecutors::NothingEnds() {
  absl::MutexLock lock(&mutex_);
  nothing_ends_ = true;
}

void FakeExecutors::DrainsInto(Executor::State state) {
  absl::MutexLock lock(&mutex_);
  drains_into_ = state;
}

std::string FakeExecutors::authorization() {
  absl::MutexLock lock(&mutex_);
  return authorization_;
}

grpc::Status FakeExecutors::ListExecutors(
    grpc::ServerContext* context,
    const airlock::v1::ListExecutorsRequest* /*request*/,
    airlock::v1::ListExecutorsResponse* response) {
  absl::MutexLock lock(&mutex_);
  authorization_ = AuthorizationOf(*context);
  for (auto& [id, executor] : executors_) {
    *response->add_executors() = executor;
    if (executor.state() == Executor::STATE_DRAINING) DrainABit(executor);
  }
  return grpc::Status::OK;
}

void FakeExecutors::DrainABit(Executor& executor) {
  executor.set_state(drains_into_);
  if (nothing_ends_) return;
  if (executor.running() > 0) {
    executor.set_running(executor.running() - 1);
  } else if (executor.sessions() > 0) {
    executor.set_sessions(executor.sessions() - 1);
  }
}

grpc::Status FakeExecutors::CordonExecutor(
    grpc::ServerContext* /*context*/,
    const airlock::v1::CordonExecutorRequest* request,
    airlock::v1::CordonExecutorResponse* response) {
  return Set(request->id(), Executor::STATE_CORDONED,
             *response->mutable_executor());
}

grpc::Status FakeExecutors::UncordonExecutor(
    grpc::ServerContext* /*context*/,
    const airlock::v1::UncordonExecutorRequest* request,
    airlock::v1::UncordonExecutorResponse* response) {
  return Set(request->id(), Executor::STATE_READY,
             *response->mutable_executor());
}

grpc::Status FakeExecutors::DrainExecutor(
    grpc::ServerContext* /*context*/,
    const airlock::v1::DrainExecutorRequest* request,
    airlock::v1::DrainExecutorResponse* response) {
  return Set(request->id(), Executor::STATE_DRAINING,
             *response->mutable_executor());
}

grpc::Status FakeExecutors::Set(const std::string& id, Executor::State state,
                                Executor& now) {
  absl::MutexLock lock(&mutex_);
  const auto found = executors_.find(id);
  if (found == executors_.end()) {
    return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound,
                                  "EXECUTOR_NOT_FOUND", "no such executor"));
  }
  found->second.set_state(state);
  now = found->second;
  return grpc::Status::OK;
}

}  // namespace airlock
