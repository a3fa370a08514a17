#include "services/policy/dispatch/recovery.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "airlock/internal/v1/spec.pb.h"
#include "common/logging/log.h"
#include "common/security/digest.h"
#include "services/policy/audit/audit_entries.h"
#include "services/policy/dispatch/spec_builder.h"
#include "services/policy/engine/action_facts.h"

namespace airlock::policy {
namespace {

using PublicExecution = airlock::v1::Execution;

constexpr absl::string_view kReasonRestored = "STORE_RESTORED";
constexpr absl::string_view kRestoredMessage =
    "the store was restored from an older one, so it was not started";

// Every fence of one run of the service is above those of the runs before it: a
// late message about an old assignment never counts for a new one.
constexpr int kBootShift = 32;
constexpr absl::string_view kBootSetting = "boot";
// Set from the first transaction after a restore until all of it has ended.
constexpr absl::string_view kRestoredSetting = "restored";

constexpr absl::string_view kReasonMismatch = "SPEC_MISMATCH";
constexpr absl::string_view kMismatchMessage =
    "what the store has of it is not what was decided about, so it was not "
    "started";

std::uint64_t BootOf(const std::map<std::string, std::string>& settings) {
  const auto found = settings.find(std::string(kBootSetting));
  std::uint64_t boot = 0;
  if (found == settings.end() || !absl::SimpleAtoi(found->second, &boot)) {
    return 1;
  }
  return boot + 1;
}

}  // namespace

void Recovery::TakeUp(LiveState state) {
  const std::uint64_t boot = BootOf(state.settings);
  restored_ =
      state.restored || state.settings.count(std::string(kRestoredSetting)) > 0;
  Transaction begin;
  begin.settings.emplace_back(kBootSetting, absl::StrCat(boot));
  if (restored_) begin.settings.emplace_back(kRestoredSetting, "1");
  begin.audit.push_back(
      ServiceEntry(ServiceEvent::kStarted, settings_.program_version,
                   p_.policy.Current()->version, p_.clock.Now()));
  p_.journal.Note(std::move(begin));
  const auto freezes = state.settings.find(std::string(Freezer::kSetting));
  if (freezes != state.settings.end()) p_.freezer.Restore(freezes->second);
  p_.standing.Restore(state.settings, restored_);
  for (const auto& stored : state.sessions) {
    Session& session = p_.sessions.Restore(stored);
    if (session.open()) p_.session_flow.Restore(session);
  }
  std::vector<Execution*> executions;
  for (ExecutionRecord& record : state.executions) {
    executions.push_back(&AddExecution(std::move(record), boot << kBootShift));
  }
  AddApprovals(state);
  if (restored_) {
    EndAll(executions);
    return;
  }
  for (Execution* execution : executions) GoOn(*execution);
  if (executions.empty() && state.sessions.empty()) return;
  LogInfo("went on with what was recorded",
          {{"executions", executions.size()},
           {"approvals", state.approvals.size()},
           {"sessions", state.sessions.size()}});
}

void Recovery::AddApprovals(LiveState& state) {
  for (ApprovalRecord& record : state.approved) {
    if (Execution* live = p_.table.Find(record.approval.execution_id())) {
      live->approval = std::move(record.approval);
    }
  }
  for (ApprovalRecord& record : state.approvals) {
    p_.approvals.Restore(std::move(record));
  }
  for (const ApprovalRecord& record : state.rejected) {
    p_.approvals.Remember(record);
  }
}

bool Recovery::IsSound(const Execution& execution) {
  if (SpecDigest(execution.spec) != execution.digest) return false;
  if (execution.phase != Phase::kAwaitingApproval) return true;
  const airlock::v1::Approval* question =
      p_.approvals.FindPending(execution.record.execution.approval_id());
  return question != nullptr &&
         question->digest() == execution.record.execution.digest();
}

void Recovery::GoOn(Execution& execution) {
  const bool sound = IsSound(execution);
  if (!sound) {
    LogError("what the store has of an execution does not fit together",
             {{"execution_id", execution.id()}});
  }
  switch (execution.phase) {
    case Phase::kAwaitingApproval:
      if (sound) {
        p_.questions.Recall(execution);
      } else {
        p_.approvals.Void(execution, kReasonMismatch);
      }
      return;
    case Phase::kQueued:
      if (sound) {
        p_.flow.Enqueue(execution);
      } else {
        p_.ends.EndUnstarted(execution, PublicExecution::STATE_DENIED,
                             kReasonMismatch, kMismatchMessage);
      }
      return;
    default:
      return;
  }
}

Execution& Recovery::AddExecution(ExecutionRecord record,
                                  std::uint64_t first_fence) {
  airlock::internal::v1::ExecutionSpec spec;
  // One that cannot be read cannot start either: its executor reads it too.
  spec.ParseFromString(record.spec);
  auto made = std::make_unique<Execution>(std::move(record),
                                          settings_.kept_output_bytes,
                                          AcceptsLaterInput(spec.action()));
  Execution& execution = p_.table.Add(std::move(made));
  execution.spec = std::exchange(execution.record.spec, "");
  execution.digest =
      HexDecode(execution.record.execution.digest()).value_or("");
  execution.recorded = true;
  execution.last_fence = first_fence;
  execution.accepted_at = p_.clock.Monotonic();
  execution.queue_timeout = p_.policy.Current()
                                ->contract->ForAgent(execution.agent())
                                .sandbox.queue_timeout;
  execution.queue_deadline = execution.accepted_at + execution.queue_timeout;
  const PublicExecution& told = execution.record.execution;
  execution.session_id = spec.session();
  Session* session = p_.sessions.Find(execution.session_id);
  if (session != nullptr && session->open()) {
    p_.sessions.Enter(*session, execution.id());
  }
  switch (told.state()) {
    case PublicExecution::STATE_AWAITING_APPROVAL:
      execution.phase = Phase::kAwaitingApproval;
      break;
    case PublicExecution::STATE_RUNNING:
      p_.flow.Adopt(execution);
      break;
    default:
      execution.phase = Phase::kQueued;
      break;
  }
  return execution;
}

void Recovery::EndAll(const std::vector<Execution*>& executions) {
  LogWarning("the store is older than it was; nothing in it runs again",
             {{"executions", executions.size()}});
  for (Execution* execution : executions) {
    ending_.push_back(execution->id());
    switch (execution->phase) {
      case Phase::kAwaitingApproval:
        p_.approvals.Void(*execution, kReasonRestored);
        break;
      case Phase::kRunning:
        p_.flow.OutcomeUnknown(
            *execution,
            "the store was restored from an older one while it ran");
        break;
      default:
        p_.ends.EndUnstarted(*execution, PublicExecution::STATE_EXPIRED,
                             kReasonRestored, kRestoredMessage);
        break;
    }
  }
  std::vector<Session*> open;
  p_.sessions.ForEachOpen(
      [&open](Session& session) { open.push_back(&session); });
  for (Session* session : open) p_.session_flow.OnStoreRestored(*session);
}

void Recovery::Tick() {
  if (!restored_ || noting_) return;
  ending_.erase(std::remove_if(ending_.begin(), ending_.end(),
                               [this](const std::string& id) {
                                 const Execution* live = p_.table.Find(id);
                                 return live == nullptr ||
                                        live->phase == Phase::kEnded;
                               }),
                ending_.end());
  if (!ending_.empty() || !p_.standing.recorded() ||
      !p_.journal.CheckWritable().ok()) {
    return;
  }
  noting_ = true;
  Transaction over;
  over.settings.emplace_back(kRestoredSetting, "");
  p_.journal.Commit(std::move(over), [this](const absl::Status& status) {
    noting_ = false;
    if (status.ok()) restored_ = false;
  });
}

}  // namespace airlock::policy
