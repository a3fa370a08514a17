#include "services/cli/commands/parallel_session.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "airlock/v1/session.pb.h"
#include "common/status/error.h"

namespace airlock::cli {
namespace {

using airlock::v1::Session;

absl::StatusOr<Session> Find(AirlockClient& client, const std::string& name) {
  airlock::v1::GetSessionRequest request;
  request.set_name(name);
  auto response = client.GetSession(request);
  if (!response.ok()) return response.status();
  return response->session();
}

absl::Status Create(AirlockClient& client, const std::string& name) {
  airlock::v1::CreateSessionRequest request;
  request.set_name(name);
  request.set_parallel(true);
  return client.CreateSession(request).status();
}

absl::Status CheckParallel(const Session& session) {
  if (session.state() != Session::STATE_OPEN || session.parallel()) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "SESSION_NOT_PARALLEL",
      absl::StrCat("the session \"", session.name(),
                   "\" runs one execution at a time: leave --parallel out, "
                   "close it, or name another one"),
      {{"session", session.name()}});
}

}  // namespace

absl::Status EnsureParallelSession(AirlockClient& client,
                                   const std::string& name) {
  absl::StatusOr<Session> session = Find(client, name);
  const bool is_missing =
      absl::IsNotFound(session.status()) ||
      (session.ok() && session->state() == Session::STATE_CLOSED);
  if (is_missing) {
    absl::Status created = Create(client, name);
    // Else somebody else was quicker.
    if (!absl::IsAlreadyExists(created)) return created;
    session = Find(client, name);
  }
  return session.ok() ? CheckParallel(*session) : session.status();
}

}  // namespace airlock::cli
