#include "tests/integration/cli/fake_sessions.h"

#include <cstdlib>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/rpc/status.h"
#include "common/status/error.h"

namespace airlock {
namespace {

using airlock::v1::Session;

grpc::Status NoSuchSession() {
  return ToGrpcStatus(MakeError(absl::StatusCode::kNotFound,
                                "SESSION_NOT_FOUND", "no such session"));
}

}  // namespace

void FakeSessions::Put(const Session& session) {
  absl::MutexLock lock(&mutex_);
  sessions_[session.name()] = session;
}

std::map<std::string, Session> FakeSessions::sessions() {
  absl::MutexLock lock(&mutex_);
  return sessions_;
}

std::vector<airlock::v1::CreateSessionRequest> FakeSessions::creates() {
  absl::MutexLock lock(&mutex_);
  return creates_;
}

std::vector<airlock::v1::ListSessionsRequest> FakeSessions::lists() {
  absl::MutexLock lock(&mutex_);
  return lists_;
}

std::vector<airlock::v1::GetSessionRequest> FakeSessions::gets() {
  absl::MutexLock lock(&mutex_);
  return gets_;
}

grpc::Status FakeSessions::CreateSession(
    grpc::ServerContext* /*context*/,
    const airlock::v1::CreateSessionRequest* request,
    airlock::v1::CreateSessionResponse* response) {
  absl::MutexLock lock(&mutex_);
  creates_.push_back(*request);
  Session& session = sessions_[request->name()];
  if (session.state() == Session::STATE_OPEN) {
    return ToGrpcStatus(MakeError(absl::StatusCode::kAlreadyExists,
                                  "SESSION_EXISTS", "there is one already"));
  }
  session.Clear();
  session.set_name(request->name());
  session.set_id(absl::StrCat("se-", creates_.size()));
  session.set_state(Session::STATE_OPEN);
  session.set_parallel(request->parallel());
  if (session.name() == "unheard") {
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  }
  *response->mutable_session() = session;
  return grpc::Status::OK;
}

grpc::Status FakeSessions::GetSession(
    grpc::ServerContext* /*context*/,
    const airlock::v1::GetSessionRequest* request,
    airlock::v1::GetSessionResponse* response) {
  absl::MutexLock lock(&mutex_);
  gets_.push_back(*request);
  const auto found = sessions_.find(request->name());
  if (found == sessions_.end()) return NoSuchSession();
  *response->mutable_session() = found->second;
  return grpc::Status::OK;
}

grpc::Status FakeSessions::ListSessions(
    grpc::ServerContext* /*context*/,
    const airlock::v1::ListSessionsRequest* request,
    airlock::v1::ListSessionsResponse* response) {
  absl::MutexLock lock(&mutex_);
  lists_.push_back(*request);
  const auto at =
      static_cast<std::size_t>(std::atoi(request->page_token().c_str()));
  if (at >= sessions_.size()) return grpc::Status::OK;
  *response->add_sessions() =
      std::next(sessions_.begin(), static_cast<std::ptrdiff_t>(at))->second;
  if (at + 1 < sessions_.size()) {
    response->set_next_page_token(absl::StrCat(at + 1));
  }
  return grpc::Status::OK;
}

grpc::Status FakeSessions::CloseSession(
    grpc::ServerContext* /*context*/,
    const airlock::v1::CloseSessionRequest* request,
    airlock::v1::CloseSessionResponse* response) {
  absl::MutexLock lock(&mutex_);
  const auto found = sessions_.find(request->name());
  if (found == sessions_.end()) return NoSuchSession();
  found->second.set_state(Session::STATE_CLOSED);
  *response->mutable_session() = found->second;
  return grpc::Status::OK;
}

}  // namespace airlock
