// The way of a standing approval from its giving to its end, and of what starts
// by it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/time/clock.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/execution.h"
#include "services/policy/dispatch/journal.h"
#include "services/policy/dispatch/start_refusal.h"
#include "services/policy/engine/decide.h"
#include "services/policy/policy_metrics.h"
#include "services/policy/standing/standing_table.h"

namespace airlock::policy {

// Why what was to start by a permission must not any more.
inline constexpr absl::string_view kReasonStandingEnded = "STANDING_ENDED";

// One holds from when it is durable, and ends at once when it is revoked, which
// is told when that is durable. A start is counted in its START, in one
// transaction: with the last one the permission is used up, and whatever else
// was to start by it asks a human instead.
//
// After a restored store none holds any more: its uses may have been used up
// in what is lost.
//
// Not thread-safe: lives inside the dispatcher's serializer. All must outlive
// it.
class StandingFlow {
 public:
  struct Parts {
    const Clock& clock;
    Journal& journal;
    const PolicySource& policy;
    PolicyMetrics& metrics;
  };
  explicit StandingFlow(Parts parts, StandingLimits limits = {})
      : p_(parts), table_(limits) {}

  using Done =
      std::function<void(absl::StatusOr<airlock::v1::StandingApproval>)>;

  // Gives one that starts from `question`, the open question of `execution`, in
  // the name of `approver`; `done` is called when it is durable. The errors are
  // those of StandingApprovalService.CreateStandingApproval.
  void Give(const airlock::v1::Approval& question, const Execution& execution,
            const std::string& approver,
            const airlock::v1::CreateStandingApprovalRequest& request,
            Done done);
  // Takes one back in the name of `actor`; `done` is called when that is
  // durable, and so is every start before it. UNAVAILABLE: it was not recorded
  // yet; nothing starts by it all the same, and that is tried again.
  void Revoke(const std::string& id, const std::string& actor,
              const Done& done);
  // Of one agent, or of all if that is empty; newest first.
  std::vector<airlock::v1::StandingApproval> List(
      absl::string_view agent) const;

  // Whether the agent has one, so that Let() may find it.
  bool MayCover(absl::string_view agent) const {
    return table_.HasActive(agent);
  }
  // Lets an execution that needs one person's agreement start by a permission
  // that covers it: then its record says so. False: none does.
  bool Let(Execution& execution, const AgentContract& contract,
           const DecisionResult& decision);

  // Whether it is to start, or started, by a permission.
  static bool IsByStanding(const Execution& execution) {
    return !execution.record.execution.standing_approval_id().empty();
  }
  // Nothing: it may start; by its permission, by another one if its own does
  // not do any more, or because the policy now lets it. Its record says which.
  std::optional<StartRefusal> CheckStart(Execution& execution);
  // The same, and the START that comes next counts: that is put into
  // `transaction`.
  std::optional<StartRefusal> TakeUse(Execution& execution,
                                      Transaction& transaction);
  // How the START went that was counted for this permission. Nothing if it is
  // empty.
  void OnStartRecorded(const std::string& id, const absl::Status& status);
  // Whether its permission was revoked while START was being committed.
  bool IsRevoked(const Execution& execution) const;
  // Nothing: what has a START by a permission may still get its process.
  std::optional<StartRefusal> CheckStarted(const Execution& execution) const;

  // Goes on with those in the settings of the store. `restored`: that is older
  // than it was. Comes after the transaction that says so.
  void Restore(const std::map<std::string, std::string>& settings,
               bool restored);
  // Whether all that ended is on record.
  bool recorded() const { return writing_ == 0 && unrecorded_.empty(); }

  // Ends what is over, and forgets what ended long ago.
  void Tick();

 private:
  StandingNow Now() const { return {p_.clock.Now(), p_.clock.Monotonic()}; }
  bool LetBy(Execution& execution, const AgentContract& contract,
             const DecisionResult& decision, StandingNow now);
  std::optional<StartRefusal> CheckStart(Execution& execution, StandingNow now);
  void RestoreOne(const std::string& name, const std::string& value,
                  bool restored);
  // Makes it durable as it is now.
  void Put(const std::string& id, std::vector<AuditEntry> audit,
           std::function<void(const absl::Status&)> done);
  void AddTo(const std::string& id, Transaction& transaction) const;
  void Retry();

  Parts p_;
  StandingTable table_;
  // Those that were given and are not durable yet.
  absl::flat_hash_set<std::string> unborn_;
  // Those that are not on record as they are, with what the audit has not heard
  // of them. Tried again.
  std::map<std::string, std::vector<AuditEntry>> unrecorded_;
  std::size_t writing_ = 0;
};

}  // namespace airlock::policy
