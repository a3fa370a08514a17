#include "services/policy/report/policy_replay.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/config/config_file.h"
#include "common/status/error.h"
#include "services/policy/engine/decide.h"
#include "services/policy/report/recorded_request.h"

namespace airlock::policy {
namespace {

using airlock::v1::Decision;
using airlock::v1::ReplayChange;

// Errors that are told: they travel in the head of an answer, where gRPC takes
// few kilobytes.
constexpr std::size_t kMaxErrors = 8;
constexpr std::size_t kMaxErrorBytes = 200;

FieldViolations ToViolations(const ProblemList& problems) {
  FieldViolations violations;
  std::size_t told = 0;
  for (const ConfigProblem& problem : problems.problems()) {
    if (problem.is_warning || told == kMaxErrors) continue;
    ++told;
    violations.Add(problem.path.empty()
                       ? "config"
                       : problem.path.substr(0, kMaxErrorBytes),
                   problem.message.substr(0, kMaxErrorBytes));
  }
  if (told < problems.errors_added()) {
    violations.Add("config",
                   absl::StrCat("has ", problems.errors_added() - told,
                                " more errors: `airlock config "
                                "check` tells each"));
  }
  return violations;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Contract>> ContractToTry(
    absl::string_view config) {
  ConfigReading reading = ReadConfigText(config);
  std::shared_ptr<const Contract> contract =
      ContractFromConfig(reading.config, reading.problems);
  if (!reading.problems.has_errors()) return contract;
  return ToViolations(reading.problems).ToStatus();
}

void PolicyReplay::Add(const ExecutionHistory& recorded) {
  const std::optional<ActionFacts> facts = FactsOfRecorded(recorded);
  if (!facts.has_value()) {
    result_.set_unreadable(result_.unreadable() + 1);
    return;
  }
  result_.set_requests(result_.requests() + 1);
  const Decision& before = recorded.execution.decision();
  const Decision after = DecisionToProto(
      Decide(contract_->ForAgent(recorded.execution.agent()), *facts));
  if (before.effect() == after.effect()) return;
  result_.set_changed(result_.changed() + 1);
  ReplayChange& change =
      changes_[{before.effect(), before.rule(), before.reason(), after.effect(),
                after.rule(), after.reason()}];
  if (change.requests() == 0) {
    *change.mutable_before() = before;
    *change.mutable_after() = after;
  }
  change.set_requests(change.requests() + 1);
  if (change.examples_size() < kMaxExamples) {
    *change.add_examples() = recorded.execution;
  }
}

airlock::v1::ReplayResult PolicyReplay::Take(bool complete) && {
  std::vector<ReplayChange> changes;
  changes.reserve(changes_.size());
  for (auto& [key, change] : changes_) changes.push_back(std::move(change));
  std::stable_sort(changes.begin(), changes.end(),
                   [](const ReplayChange& left, const ReplayChange& right) {
                     return left.requests() > right.requests();
                   });
  changes.resize(std::min(changes.size(), kMaxChanges));
  for (ReplayChange& change : changes) {
    *result_.add_changes() = std::move(change);
  }
  result_.set_complete(complete);
  return std::move(result_);
}

}  // namespace airlock::policy
