#include "services/policy/dispatch/session_opener.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/sandbox_limits.h"

namespace airlock::policy {
namespace {

using airlock::v1::CreateSessionRequest;
using airlock::v1::ExecuteRequest;
using PublicSession = airlock::v1::Session;

absl::Status GoneError(const PublicSession& session) {
  const bool lost = session.state() == PublicSession::STATE_LOST;
  return MakeError(
      absl::StatusCode::kFailedPrecondition,
      lost ? "SESSION_LOST" : "SESSION_EXPIRED",
      absl::StrCat("session \"", session.name(), "\" ",
                   lost ? "was lost" : "has expired",
                   " with all that was in it; close it or create it again to "
                   "go on with a new one"),
      {{"session", session.name()}, {"state_reason", session.state_reason()}});
}

absl::Status CheckOutput(const ExecuteRequest& request,
                         const Session& session) {
  FieldViolations violations;
  const std::uint64_t most = session.sandbox.output_bytes();
  if (request.limits().output_bytes() > most) {
    violations.Add("limits.output_bytes",
                   absl::StrCat("must be at most the session's ", most,
                                ": got ", request.limits().output_bytes()));
  }
  return violations.ToStatus();
}

// `wanted` is the backend that an action without a session would go to.
absl::Status CheckBackend(absl::string_view wanted, const Session& session) {
  const std::string& backend = session.sandbox.backend();
  if (backend == wanted) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "SESSION_BACKEND",
      absl::StrCat("session \"", session.name(), "\" has the backend \"",
                   backend, "\", and this action runs on \"", wanted,
                   "\" only: leave session out, or name another one"),
      {{"field", "session"}, {"backend", backend}});
}

}  // namespace

absl::StatusOr<Session*> SessionOpener::Create(
    const std::string& agent, const CreateSessionRequest& wanted,
    Journal::Done recorded) {
  return Open(agent, wanted,
              policy_.Current()->contract->ForAgent(agent).sandbox,
              std::move(recorded));
}

absl::StatusOr<Session*> SessionOpener::Open(const std::string& agent,
                                             const CreateSessionRequest& wanted,
                                             const SandboxSettings& settings,
                                             Journal::Done recorded) {
  NewSession session;
  session.agent = agent;
  session.name = wanted.name();
  session.parallel = wanted.parallel();
  session.settings = settings.sessions;
  session.sandbox = FreezeSandbox(NarrowSandbox(settings, wanted.limits()), "");
  absl::StatusOr<Session*> made = sessions_.Open(std::move(session));
  if (made.ok()) {
    Transaction transaction;
    transaction.sessions.push_back(SessionToStore(**made));
    transaction.audit.push_back(
        SessionOpenedEntry((*made)->record, policy_.Current()->version));
    if (recorded) {
      journal_.Commit(std::move(transaction), std::move(recorded));
    } else {
      journal_.Note(std::move(transaction));
    }
    LogInfo("session made", {{"session_id", (*made)->id()}, {"agent", agent}});
  }
  return made;
}

absl::StatusOr<Session*> SessionOpener::Enter(const std::string& agent,
                                              const ExecuteRequest& request) {
  const SandboxSettings settings = SandboxFor(
      request.action(), policy_.Current()->contract->ForAgent(agent).sandbox);
  Session* session = sessions_.FindName(agent, request.session());
  const bool gone = session != nullptr && !session->open() &&
                    !session->acknowledged &&
                    session->record.state() != PublicSession::STATE_CLOSED;
  if (gone) return GoneError(session->record);
  if (session == nullptr || !session->open()) {
    CreateSessionRequest wanted;
    wanted.set_name(request.session());
    absl::StatusOr<Session*> made = Open(agent, wanted, settings, nullptr);
    if (!made.ok()) return made;
    session = *made;
  }
  absl::Status fits = CheckBackend(settings.backend, *session);
  if (fits.ok()) fits = CheckOutput(request, *session);
  if (!fits.ok()) return fits;
  // Its image may change until something is on its way to run in it.
  airlock::internal::v1::SandboxSpec& sandbox = session->sandbox;
  if (!session->used && session->live.empty() &&
      sandbox.pull_policy() != "always") {
    sandbox.set_image_id(pool_.ImageId(sandbox.backend(), sandbox.image()));
  }
  return session;
}

}  // namespace airlock::policy
