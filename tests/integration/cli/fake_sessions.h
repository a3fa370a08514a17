// Sessions in miniature, of one agent.
#pragma once

#include <grpcpp/grpcpp.h>

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "airlock/v1/session.grpc.pb.h"

namespace airlock {

// Keeps sessions by name. A list comes in pages of one. The answer to who makes
// one called "unheard" is lost on its way. Thread-safe.
class FakeSessions final : public airlock::v1::SessionService::Service {
 public:
  void Put(const airlock::v1::Session& session) ABSL_LOCKS_EXCLUDED(mutex_);
  std::map<std::string, airlock::v1::Session> sessions()
      ABSL_LOCKS_EXCLUDED(mutex_);
  // What came.
  std::vector<airlock::v1::CreateSessionRequest> creates()
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<airlock::v1::ListSessionsRequest> lists()
      ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<airlock::v1::GetSessionRequest> gets()
      ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::Status CreateSession(
      grpc::ServerContext* context,
      const airlock::v1::CreateSessionRequest* request,
      airlock::v1::CreateSessionResponse* response) override;
  grpc::Status GetSession(grpc::ServerContext* context,
                          const airlock::v1::GetSessionRequest* request,
                          airlock::v1::GetSessionResponse* response) override;
  grpc::Status ListSessions(
      grpc::ServerContext* context,
      const airlock::v1::ListSessionsRequest* request,
      airlock::v1::ListSessionsResponse* response) override;
  grpc::Status CloseSession(
      grpc::ServerContext* context,
      const airlock::v1::CloseSessionRequest* request,
      airlock::v1::CloseSessionResponse* response) override;

 private:
  absl::Mutex mutex_;
  std::map<std::string, airlock::v1::Session> sessions_ ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::CreateSessionRequest> creates_
      ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::ListSessionsRequest> lists_ ABSL_GUARDED_BY(mutex_);
  std::vector<airlock::v1::GetSessionRequest> gets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock
