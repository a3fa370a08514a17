// A policy service that lets everybody do everything.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/credentials.h"
#include "tests/support/test_certs.h"

namespace airlock::gateway {

// Answers every call of a gateway with one empty message, counts it and keeps
// what came along: what a gateway lets through arrives. Thread-safe.
class OpenPolicy final : public grpc::CallbackGenericService {
 public:
  // Serves on a free port. `certs` must outlive this.
  explicit OpenPolicy(TestCerts& certs);
  ~OpenPolicy() override;

  int port() const { return port_; }
  // What agents and humans call.
  int calls() const { return calls_; }
  // What the gateway calls for itself.
  int reports() const { return reports_; }
  // What the gateway forwarded with the last call.
  ShownCredentials last_credentials() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Call;

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;

  std::atomic<int> calls_ = 0;
  std::atomic<int> reports_ = 0;
  mutable absl::Mutex mutex_;
  ShownCredentials last_credentials_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace airlock::gateway
