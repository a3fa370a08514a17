#include "services/policy/dispatch/standing_flow.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/logging/log.h"
#include "common/status/error.h"
#include "common/time/proto_time.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/audit/standing_entries.h"
#include "services/policy/dispatch/standing_giving.h"
#include "services/policy/dispatch/standing_subject.h"
#include "services/policy/standing/standing_rules.h"

namespace airlock::policy {
namespace {

using airlock::v1::StandingApproval;
using PublicExecution = airlock::v1::Execution;

// Each is kept in the store as a setting of this name and its id.
constexpr absl::string_view kSettingPrefix = "standing/";

std::string SettingName(absl::string_view id) {
  return absl::StrCat(kSettingPrefix, id);
}

absl::Status NotRecordedError(const absl::Status& status,
                              absl::string_view what) {
  return WithRetryDelay(
      MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
                absl::StrCat(what, ": ", status.message())),
      absl::Seconds(1));
}

StartRefusal StandingEnded(absl::string_view message) {
  return {PublicExecution::STATE_DENIED, std::string(kReasonStandingEnded),
          std::string(message)};
}

StartRefusal PolicyDenies(const DecisionResult& decision) {
  return {PublicExecution::STATE_DENIED, std::string(kReasonPolicyChanged),
          absl::StrCat("the policy changed before it was started: ",
                       decision.explanation)};
}

}  // namespace

void StandingFlow::Give(
    const airlock::v1::Approval& question, const Execution& execution,
    const std::string& approver,
    const airlock::v1::CreateStandingApprovalRequest& request, Done done) {
  const std::shared_ptr<const LoadedPolicy> policy = p_.policy.Current();
  const AgentContract& contract = policy->contract->ForAgent(question.agent());
  const GivenPermission giving{question, execution, approver, request};
  absl::Status may = CheckGiving(giving, contract, p_.clock.Now());
  if (may.ok()) may = table_.CheckRoom(question.agent());
  if (!may.ok()) {
    done(may);
    return;
  }
  const StandingApproval given =
      NewPermission(giving, contract.approval, p_.clock.Now());
  const std::string& id = given.id();
  table_.Add(given, p_.clock.Monotonic() + FromProto(request.lifetime()));
  unborn_.insert(id);
  Transaction transaction;
  AddTo(id, transaction);
  transaction.audit.push_back(StandingGivenEntry(given, policy->version));
  p_.journal.Commit(
      std::move(transaction),
      [this, given, done = std::move(done)](const absl::Status& status) {
        unborn_.erase(given.id());
        if (status.ok()) {
          done(given);
          return;
        }
        table_.Remove(given.id());
        done(NotRecordedError(status,
                              "it could not be recorded, so nothing is "
                              "permitted; try again"));
      });
}

void StandingFlow::Revoke(const std::string& id, const std::string& actor,
                          const Done& done) {
  if (table_.Find(id) == nullptr || unborn_.contains(id)) {
    done(MakeError(
        absl::StatusCode::kNotFound, "STANDING_APPROVAL_NOT_FOUND",
        absl::StrCat("there is no standing approval with id \"", id, "\""),
        {{"id", id}}));
    return;
  }
  std::vector<AuditEntry> audit;
  if (table_.End(id, StandingApproval::STATE_REVOKED, p_.clock.Now(), actor)) {
    audit.push_back(StandingEndedEntry(*table_.Find(id)));
  }
  // Also for one that has ended: what was to start by it is decided before
  // this is answered.
  Put(id, std::move(audit),
      [done, revoked = *table_.Find(id)](const absl::Status& status) {
        if (status.ok()) {
          done(revoked);
        } else {
          done(NotRecordedError(status,
                                "nothing starts by it any more, but that "
                                "could not be recorded yet, which is tried "
                                "again"));
        }
      });
}

std::vector<StandingApproval> StandingFlow::List(
    absl::string_view agent) const {
  std::vector<StandingApproval> all = table_.List(agent);
  std::erase_if(all, [this](const StandingApproval& permission) {
    return unborn_.contains(permission.id());
  });
  return all;
}

bool StandingFlow::Let(Execution& execution, const AgentContract& contract,
                       const DecisionResult& decision) {
  return LetBy(execution, contract, decision, Now());
}

bool StandingFlow::LetBy(Execution& execution, const AgentContract& contract,
                         const DecisionResult& decision, StandingNow now) {
  if (!MayBeReplaced(contract, decision) || !MayCover(execution.agent())) {
    return false;
  }
  const StandingApproval* permission = table_.FindFor(
      SubjectOf(execution), now, [&](const StandingApproval& found) {
        return !unborn_.contains(found.id()) &&
               HoldsUnder(found, contract, now.wall);
      });
  if (permission == nullptr) return false;
  PublicExecution& record = execution.record.execution;
  record.set_standing_approval_id(permission->id());
  record.set_state(PublicExecution::STATE_QUEUED);
  *record.mutable_decision() = DecisionToProto(DecisionBy(*permission));
  return true;
}

std::optional<StartRefusal> StandingFlow::CheckStart(Execution& execution) {
  return CheckStart(execution, Now());
}

std::optional<StartRefusal> StandingFlow::CheckStart(Execution& execution,
                                                     StandingNow now) {
  const std::shared_ptr<const LoadedPolicy> policy = p_.policy.Current();
  const AgentContract& contract = policy->contract->ForAgent(execution.agent());
  PublicExecution& record = execution.record.execution;
  const std::string& id = record.standing_approval_id();
  if (policy->version == execution.policy_version && table_.IsUsable(id, now) &&
      HoldsUnder(*table_.Find(id), contract, now.wall)) {
    return std::nullopt;
  }
  const DecisionResult decision = DecideAgain(contract, execution);
  if (decision.effect == Effect::kDeny) return PolicyDenies(decision);
  execution.policy_version = policy->version;
  record.clear_standing_approval_id();
  if (LetBy(execution, contract, decision, now)) return std::nullopt;
  *record.mutable_decision() = DecisionToProto(decision);
  if (decision.effect == Effect::kAllow) return std::nullopt;
  StartRefusal ask{PublicExecution::STATE_AWAITING_APPROVAL, "", ""};
  ask.required_approvals = decision.required_approvals;
  return ask;
}

std::optional<StartRefusal> StandingFlow::TakeUse(Execution& execution,
                                                  Transaction& transaction) {
  if (!IsByStanding(execution)) return std::nullopt;
  // One moment for both, or it could expire between them.
  const StandingNow now = Now();
  std::optional<StartRefusal> refusal = CheckStart(execution, now);
  const std::string id = execution.record.execution.standing_approval_id();
  if (refusal.has_value() || id.empty()) return refusal;
  if (!table_.TakeUse(id, now)) {
    return StandingEnded("its permission ended before it was started");
  }
  AddTo(id, transaction);
  const StandingApproval& permission = *table_.Find(id);
  if (permission.state() == StandingApproval::STATE_USED_UP) {
    transaction.audit.push_back(StandingEndedEntry(permission));
  }
  return std::nullopt;
}

void StandingFlow::OnStartRecorded(const std::string& id,
                                   const absl::Status& status) {
  if (id.empty()) return;
  if (status.ok()) {
    p_.metrics.CountStandingUse();
    return;
  }
  table_.GiveBackUse(id);
  const StandingApproval* permission = table_.Find(id);
  if (permission != nullptr &&
      permission->state() == StandingApproval::STATE_USED_UP) {
    unrecorded_[id].push_back(StandingEndedEntry(*permission));
  }
}

bool StandingFlow::IsRevoked(const Execution& execution) const {
  if (!IsByStanding(execution)) return false;
  const StandingApproval* permission =
      table_.Find(execution.record.execution.standing_approval_id());
  return permission == nullptr ||
         permission->state() == StandingApproval::STATE_REVOKED;
}

std::optional<StartRefusal> StandingFlow::CheckStarted(
    const Execution& execution) const {
  const StandingApproval* permission =
      table_.Find(execution.record.execution.standing_approval_id());
  if (IsRevoked(execution) ||
      p_.clock.Now() >= FromProto(permission->expire_time())) {
    return StandingEnded("its permission has ended before its process began");
  }
  const std::shared_ptr<const LoadedPolicy> policy = p_.policy.Current();
  if (policy->version == execution.policy_version) return std::nullopt;
  const AgentContract& contract = policy->contract->ForAgent(execution.agent());
  const DecisionResult decision = DecideAgain(contract, execution);
  if (decision.effect == Effect::kAllow) return std::nullopt;
  // Its own START is among the uses.
  StandingApproval before = *permission;
  before.set_uses(before.uses() - std::min(before.uses(), 1U));
  const bool holds = MayBeReplaced(contract, decision) &&
                     Covers(permission->scope(), SubjectOf(execution)) &&
                     HoldsUnder(before, contract, p_.clock.Now());
  if (holds) return std::nullopt;
  return PolicyDenies(decision);
}

void StandingFlow::AddTo(const std::string& id,
                         Transaction& transaction) const {
  transaction.settings.emplace_back(SettingName(id),
                                    table_.Find(id)->SerializeAsString());
}

void StandingFlow::Put(const std::string& id, std::vector<AuditEntry> audit,
                       std::function<void(const absl::Status&)> done) {
  Transaction transaction;
  AddTo(id, transaction);
  transaction.audit = audit;
  ++writing_;
  p_.journal.Commit(std::move(transaction),
                    [this, id, audit = std::move(audit),
                     done = std::move(done)](const absl::Status& status) {
                      --writing_;
                      if (!status.ok()) {
                        std::vector<AuditEntry>& untold = unrecorded_[id];
                        untold.insert(untold.end(), audit.begin(), audit.end());
                      }
                      done(status);
                    });
}

void StandingFlow::Retry() {
  if (unrecorded_.empty() || writing_ > 0 || !p_.journal.CheckWritable().ok()) {
    return;
  }
  for (auto& [id, audit] : std::exchange(unrecorded_, {})) {
    if (table_.Find(id) == nullptr) continue;
    Put(id, std::move(audit), [](const absl::Status& /*status*/) {});
  }
}

void StandingFlow::Restore(const std::map<std::string, std::string>& settings,
                           bool restored) {
  for (auto found = settings.lower_bound(std::string(kSettingPrefix));
       found != settings.end() &&
       absl::StartsWith(found->first, kSettingPrefix);
       ++found) {
    RestoreOne(found->first, found->second, restored);
  }
  p_.metrics.SetStandingActive(table_.active());
}

void StandingFlow::RestoreOne(const std::string& name, const std::string& value,
                              bool restored) {
  StandingApproval permission;
  if (!permission.ParseFromString(value) ||
      SettingName(permission.id()) != name) {
    LogError(
        "what the store has of a standing approval cannot be read, so it "
        "does not hold",
        {{"name", name}});
    Transaction gone;
    gone.settings.emplace_back(name, "");
    p_.journal.Note(std::move(gone));
    return;
  }
  const std::string id = permission.id();
  const absl::Time expires = FromProto(permission.expire_time());
  // The wall clock may have been set meanwhile, in both directions.
  const absl::Duration left =
      std::clamp(expires - p_.clock.Now(), absl::ZeroDuration(),
                 std::max(absl::ZeroDuration(),
                          expires - FromProto(permission.create_time())));
  table_.Add(std::move(permission), p_.clock.Monotonic() + left);
  if (restored && table_.End(id, StandingApproval::STATE_REVOKED,
                             p_.clock.Now(), kServiceActor)) {
    Put(id, {StandingEndedEntry(*table_.Find(id))},
        [](const absl::Status& /*status*/) {});
  }
}

void StandingFlow::Tick() {
  Retry();
  for (const std::string& id : table_.Due(Now())) {
    if (unborn_.contains(id)) continue;
    table_.End(id, StandingApproval::STATE_EXPIRED, p_.clock.Now());
    Put(id, {StandingEndedEntry(*table_.Find(id))},
        [](const absl::Status& /*status*/) {});
  }
  p_.metrics.SetStandingActive(table_.active());
  // What is not on record as it is must not be read again as it was.
  if (!recorded()) return;
  Transaction gone;
  for (const std::string& id : table_.Forget(p_.clock.Now())) {
    gone.settings.emplace_back(SettingName(id), "");
  }
  if (!gone.settings.empty()) p_.journal.Note(std::move(gone));
}

}  // namespace airlock::policy
