#include "tests/integration/policy/evidence.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "airlock/v1/standing_approval.pb.h"
#include "common/security/digest.h"
#include "services/policy/dispatch/freezer.h"
#include "services/policy/store/sqlite/store_check.h"
#include "tests/contract/store/store_caller.h"
#include "tests/integration/policy/scripted_executor.h"
#include "tests/support/status_matchers.h"

namespace airlock::policy {
namespace {

using airlock::v1::Approval;
using airlock::v1::ApprovalAnswer;
using airlock::v1::AuditRecord;
using airlock::v1::Outcome;
using PublicExecution = airlock::v1::Execution;

// More than one life has of anything.
constexpr int kAll = 1000;

// How often the audit has each step of each execution and each approval.
using Steps =
    std::map<std::pair<std::string, airlock::v1::AuditEventType>, int>;

Steps StepsIn(Store& store) {
  Steps steps;
  const auto records = StoreCaller(store).ReadAudit(1, kAll);
  EXPECT_THAT(records, IsOk());
  EXPECT_LT(records->size(), kAll);
  for (const airlock::v1::SealedAuditRecord& sealed : *records) {
    AuditRecord record;
    EXPECT_TRUE(record.ParseFromString(sealed.record()));
    ++steps[{record.execution_id(), record.type()}];
    ++steps[{record.approval_id(), record.type()}];
  }
  return steps;
}

std::vector<PublicExecution> ExecutionsIn(Store& store) {
  ExecutionQuery query;
  query.page_size = kAll;
  const auto page = StoreCaller(store).List(query);
  EXPECT_THAT(page, IsOk());
  return page->executions;
}

std::vector<Approval> ApprovalsIn(Store& store) {
  ApprovalQuery query;
  query.page_size = kAll;
  const auto page = StoreCaller(store).ListApprovals(query);
  EXPECT_THAT(page, IsOk());
  return page->approvals;
}

std::multiset<std::string> StartedIn(const Ledger& ledger) {
  std::multiset<std::string> started;
  for (const Ledger::Line& line : ledger.Read()) {
    if (line[0] == "start") started.insert(line[1]);
  }
  return started;
}

// How many persons must agree before it may start. Not read from the product:
// this is what the rules of the test say.
std::size_t NeededBy(const PublicExecution& execution) {
  if (execution.action_kind() != airlock::v1::ACTION_KIND_CODE_EXEC) return 0;
  return execution.agent() == "quinn" ? 2 : 1;
}

class Check {
 public:
  explicit Check(Store& store) : store_(store), steps_(StepsIn(store)) {}

  void One(const Ledger::Line& line) {
    const std::string& verb = line[0];
    if (verb == "start") {
      Started(line[1]);
    } else if (verb == "told") {
      Told(line[1], line[2]);
    } else if (verb == "heard") {
      Heard(line[1], line[2], line[3]);
    } else if (verb == "permitted") {
      EXPECT_EQ(Uses(line[1]).has_value(), true)
          << "a permission was told and is lost";
    } else if (verb == "ended") {
      Ended(line[1], line[2]);
    } else if (verb == "forbidden") {
      forbidden_ = true;
    } else if (verb == "freezing" || verb == "frozen" || verb == "thawing" ||
               verb == "thawed") {
      freeze_ = verb;
    }
  }

  // Whether what is frozen is what was said last. While the answer is not known
  // both may be.
  void Freezes() {
    const auto live = StoreCaller(store_).LoadLive();
    ASSERT_THAT(live, IsOk());
    const auto found = live->settings.find(std::string(Freezer::kSetting));
    const bool frozen = found != live->settings.end() && !found->second.empty();
    if (freeze_ != "freezing" && freeze_ != "thawing") {
      EXPECT_EQ(frozen, freeze_ == "frozen");
    }
  }

 private:
  void Started(const std::string& id) {
    const auto found = StoreCaller(store_).Find(id);
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value()) << id << " started and is not on record";
    const PublicExecution& execution = (*found)->execution;
    const std::string name = execution.agent() + "/" + execution.request_id();
    EXPECT_EQ((steps_[{id, airlock::v1::AUDIT_EVENT_TYPE_START}]), 1)
        << name << " started without a START on record";
    EXPECT_EQ((steps_[{id, airlock::v1::AUDIT_EVENT_TYPE_REQUEST}]), 1) << name;
    if (execution.standing_approval_id().empty()) {
      EXPECT_GE(Agreed(execution.approval_id()), NeededBy(execution))
          << name << " started without agreement on record";
    } else {
      StartedBy(execution.standing_approval_id(), name);
    }
    if (execution.agent() == "fay") {
      EXPECT_NE(freeze_, "frozen") << name << " started while frozen";
    }
    if (execution.agent() == "pol") {
      EXPECT_FALSE(forbidden_) << name << " started and is forbidden";
    }
  }

  // Permissions are for one start.
  void StartedBy(const std::string& permission, const std::string& name) {
    EXPECT_EQ(++by_permission_[permission], 1)
        << name << " started by a permission that was used up";
    EXPECT_EQ(Uses(permission).value_or(0), 1U) << name;
  }

  // Nothing: it is not on record.
  std::optional<std::uint32_t> Uses(const std::string& permission) {
    const auto live = StoreCaller(store_).LoadLive();
    EXPECT_THAT(live, IsOk());
    const auto found = live->settings.find("standing/" + permission);
    airlock::v1::StandingApproval kept;
    if (found == live->settings.end() || !kept.ParseFromString(found->second)) {
      return std::nullopt;
    }
    return kept.uses();
  }

  // The persons who did; 0 if it is not approved.
  std::size_t Agreed(const std::string& approval_id) {
    const auto found = StoreCaller(store_).FindApproval(approval_id);
    EXPECT_THAT(found, IsOk());
    if (!found->has_value()) return 0;
    const Approval& approval = (*found)->approval;
    if (approval.state() != Approval::STATE_APPROVED) return 0;
    std::set<std::string> persons;
    for (const ApprovalAnswer& answer : approval.answers()) {
      if (answer.answer() == ApprovalAnswer::ANSWER_APPROVE) {
        persons.insert(answer.approver());
      }
    }
    return persons.size();
  }

  void Told(const std::string& approval_id, const std::string& state) {
    const auto found = StoreCaller(store_).FindApproval(approval_id);
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value()) << "a question was told and is lost";
    if (state == "STATE_PENDING") return;
    EXPECT_EQ(Approval::State_Name((*found)->approval.state()), state);
  }

  void Heard(const std::string& approval_id, const std::string& approver,
             const std::string& answer) {
    const auto found = StoreCaller(store_).FindApproval(approval_id);
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value()) << "a question was answered and is lost";
    const auto& answers = (*found)->approval.answers();
    EXPECT_TRUE(std::any_of(answers.begin(), answers.end(),
                            [&](const ApprovalAnswer& kept) {
                              return kept.approver() == approver &&
                                     ApprovalAnswer::Answer_Name(
                                         kept.answer()) == answer;
                            }))
        << "the answer of " << approver << " was taken and is lost";
  }

  void Ended(const std::string& id, const std::string& told) {
    const auto found = StoreCaller(store_).Find(id);
    ASSERT_THAT(found, IsOk());
    ASSERT_TRUE(found->has_value()) << "an end was told and is lost";
    EXPECT_EQ(HexEncode((*found)->execution.SerializeAsString()), told)
        << (*found)->execution.ShortDebugString();
  }

  Store& store_;
  Steps steps_;
  // The last that was said of it.
  std::string freeze_;
  bool forbidden_ = false;
  // How often something started by it.
  std::map<std::string, int> by_permission_;
};

std::string EndOf(const PublicExecution& execution) {
  if (execution.state() != PublicExecution::STATE_FINISHED) {
    return std::string(absl::StripPrefix(
        PublicExecution::State_Name(execution.state()), "STATE_"));
  }
  return std::string(absl::StripPrefix(
      Outcome::EndedBy_Name(execution.outcome().ended_by()), "ENDED_BY_"));
}

// Whether it says of its process what became of it.
void CheckProcess(Store& store, const PublicExecution& execution,
                  bool started) {
  const std::string end = EndOf(execution);
  const bool says_started =
      execution.state() == PublicExecution::STATE_FINISHED &&
      end != "NOT_STARTED";
  // Of what it does not know it says so.
  if (end != "OUTCOME_UNKNOWN") {
    EXPECT_EQ(says_started, started) << execution.ShortDebugString();
  }
  if (end != "EXITED") return;
  const auto found = StoreCaller(store).Find(execution.id());
  ASSERT_THAT(found, IsOk());
  ASSERT_TRUE((*found)->output.has_value());
  EXPECT_EQ((*found)->output->stdout().head(), OutputOf(execution.id()));
}

}  // namespace

void CheckWhatWasTold(Store& store, const Ledger& ledger) {
  Check check(store);
  for (const Ledger::Line& line : ledger.Read()) check.One(line);
  check.Freezes();
  const std::multiset<std::string> started = StartedIn(ledger);
  EXPECT_EQ(std::set<std::string>(started.begin(), started.end()).size(),
            started.size())
      << "something was started twice";
}

void CheckWhatIsLeft(Store& store, const Ledger& ledger,
                     const std::string& path) {
  Steps steps = StepsIn(store);
  const std::multiset<std::string> started = StartedIn(ledger);
  for (const PublicExecution& execution : ExecutionsIn(store)) {
    const std::string& id = execution.id();
    EXPECT_TRUE(execution.has_end_time()) << execution.ShortDebugString();
    EXPECT_EQ((steps[{id, airlock::v1::AUDIT_EVENT_TYPE_REQUEST}]), 1);
    EXPECT_EQ((steps[{id, airlock::v1::AUDIT_EVENT_TYPE_END}]), 1);
    EXPECT_LE((steps[{id, airlock::v1::AUDIT_EVENT_TYPE_START}]), 1);
    CheckProcess(store, execution, started.count(id) > 0);
  }
  for (const Approval& approval : ApprovalsIn(store)) {
    const std::string& id = approval.id();
    EXPECT_NE(approval.state(), Approval::STATE_PENDING);
    EXPECT_EQ((steps[{id, airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ASKED}]), 1);
    EXPECT_EQ((steps[{id, airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ENDED}]), 1);
    EXPECT_EQ((steps[{id, airlock::v1::AUDIT_EVENT_TYPE_APPROVAL_ANSWERED}]),
              approval.answers_size());
  }
  EXPECT_THAT(*CheckStoreFile(path), testing::IsEmpty());
}

std::map<std::string, std::string> EndsIn(Store& store) {
  std::map<std::string, std::string> ends;
  for (const PublicExecution& execution : ExecutionsIn(store)) {
    const bool first = ends.emplace(absl::StrCat(execution.agent(), "/",
                                                 execution.request_id()),
                                    EndOf(execution))
                           .second;
    EXPECT_TRUE(first) << "two executions of one request";
  }
  return ends;
}

}  // namespace airlock::policy
