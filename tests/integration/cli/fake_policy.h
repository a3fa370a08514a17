// The policy in miniature: what is frozen.
#pragma once

#include <grpcpp/grpcpp.h>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/policy.grpc.pb.h"

namespace airlock {

// Freezing with `kill` tells three executions to end; thawing thaws all.
// Thread-safe.
class FakePolicy final : public airlock::v1::PolicyService::Service {
 public:
  grpc::Status Freeze(grpc::ServerContext* context,
                      const airlock::v1::FreezeRequest* request,
                      airlock::v1::FreezeResponse* response) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    static_cast<void>(context);
    absl::MutexLock lock(&mutex_);
    airlock::v1::FreezeState* freeze = frozen_.add_freezes();
    freeze->set_agent(request->agent());
    freeze->set_comment(request->comment());
    *response->mutable_freezes() = frozen_.freezes();
    if (request->kill()) response->set_killed(3);
    return grpc::Status::OK;
  }
  grpc::Status Thaw(grpc::ServerContext* context,
                    const airlock::v1::ThawRequest* request,
                    airlock::v1::ThawResponse* response) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    static_cast<void>(context);
    static_cast<void>(request);
    absl::MutexLock lock(&mutex_);
    frozen_.clear_freezes();
    *response->mutable_freezes() = frozen_.freezes();
    return grpc::Status::OK;
  }
  grpc::Status GetPolicyStatus(
      grpc::ServerContext* context,
      const airlock::v1::GetPolicyStatusRequest* request,
      airlock::v1::GetPolicyStatusResponse* response) override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    static_cast<void>(context);
    static_cast<void>(request);
    absl::MutexLock lock(&mutex_);
    *response = frozen_;
    return grpc::Status::OK;
  }

 private:
  absl::Mutex mutex_;
  airlock::v1::GetPolicyStatusResponse frozen_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
