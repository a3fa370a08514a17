#include "services/policy/dispatch/freezer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"

namespace airlock::policy {
namespace {

absl::Status NotRecorded(const absl::Status& status, absl::string_view what) {
  return MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                   absl::StrCat(what, ": ", status.message()));
}

}  // namespace

std::string Freezer::ToSetting(const Freezes& freezes) {
  airlock::v1::FreezeResponse all;
  for (const auto& [agent, state] : freezes) *all.add_freezes() = state;
  return all.SerializeAsString();
}

void Freezer::Restore(const std::string& setting) {
  airlock::v1::FreezeResponse all;
  if (!all.ParseFromString(setting)) {
    LogError("what was frozen cannot be read, so everything is frozen");
    freezes_[""].set_actor(std::string(kServiceActor));
  }
  for (const airlock::v1::FreezeState& state : all.freezes()) {
    freezes_[state.agent()] = state;
  }
  metrics_.SetFrozen(freezes_.size());
}

void Freezer::Freeze(const std::string& actor,
                     const airlock::v1::FreezeRequest& request,
                     const Done& done) {
  airlock::v1::FreezeState& state = freezes_[request.agent()];
  state.set_agent(request.agent());
  state.set_actor(actor);
  state.set_comment(request.comment());
  *state.mutable_time() = ToProto(clock_.Now());
  metrics_.SetFrozen(freezes_.size());
  Transaction transaction;
  transaction.settings.emplace_back(kSetting, ToSetting(freezes_));
  transaction.audit.push_back(FreezeEntry(actor, request.agent(),
                                          /*frozen=*/true, request.kill(),
                                          request.comment(), clock_.Now()));
  journal_.Commit(std::move(transaction), [done](const absl::Status& status) {
    done(status.ok() ? status
                     : NotRecorded(status,
                                   "it is frozen, but that could not be "
                                   "recorded and ends with a restart"));
  });
}

void Freezer::Thaw(const std::string& actor,
                   const airlock::v1::ThawRequest& request, const Done& done) {
  Freezes gone;
  Freezes left;
  for (const auto& [agent, state] : freezes_) {
    const bool wanted = request.agent().empty() || request.agent() == agent;
    (wanted ? gone : left).emplace(agent, state);
  }
  Transaction transaction;
  transaction.settings.emplace_back(kSetting, ToSetting(left));
  transaction.audit.push_back(FreezeEntry(actor, request.agent(),
                                          /*frozen=*/false, /*kill=*/false, "",
                                          clock_.Now()));
  journal_.Commit(std::move(transaction),
                  [this, gone, done](const absl::Status& status) {
                    if (status.ok()) Remove(gone);
                    done(status.ok() ? status
                                     : NotRecorded(status,
                                                   "it could not be recorded, "
                                                   "so nothing has changed"));
                  });
}

void Freezer::Remove(const Freezes& gone) {
  for (const auto& [agent, state] : gone) {
    const auto found = freezes_.find(agent);
    // One that was frozen anew meanwhile stays so.
    if (found != freezes_.end() &&
        found->second.SerializeAsString() == state.SerializeAsString()) {
      freezes_.erase(found);
    }
  }
  metrics_.SetFrozen(freezes_.size());
}

std::vector<airlock::v1::FreezeState> Freezer::List() const {
  std::vector<airlock::v1::FreezeState> all;
  for (const auto& [agent, state] : freezes_) all.push_back(state);
  return all;
}

}  // namespace airlock::policy
