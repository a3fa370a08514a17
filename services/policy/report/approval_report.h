// How questions were answered.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "airlock/v1/report.pb.h"
#include "common/config/contract.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Sums up requests by agent, kind and the setting that decided. Not
// thread-safe.
class ApprovalReport {
 public:
  // Rows of one report; the ones with fewest questions are left out.
  static constexpr std::size_t kMaxRows = 5000;

  // `contract`: the one in force, for what `full` would let start.
  explicit ApprovalReport(std::shared_ptr<const Contract> contract)
      : contract_(std::move(contract)) {}

  // The next one, newest first, with its spec and its approval.
  void Add(const ExecutionHistory& recorded);

  // `complete`: whether all that is kept was added.
  airlock::v1::GetApprovalReportResponse Take(bool complete) &&;

 private:
  using RowKey = std::tuple<std::string, airlock::v1::ActionKind, std::string>;

  airlock::v1::ApprovalReportRow& RowOf(
      const airlock::v1::Execution& execution);
  void CountQuestion(const ExecutionHistory& recorded,
                     const airlock::v1::Approval& question,
                     airlock::v1::ApprovalReportRow& row);
  // What holds for the agent, with the level `full`.
  const AgentContract& FullContractOf(const std::string& agent);

  const std::shared_ptr<const Contract> contract_;
  std::map<std::string, AgentContract> full_contracts_;
  std::map<RowKey, airlock::v1::ApprovalReportRow> rows_;
  // By agent and hash of the action: the row of the last one that was added.
  absl::flat_hash_map<std::pair<std::string, std::string>,
                      airlock::v1::ApprovalReportRow*>
      asked_later_;
};

}  // namespace airlock::policy
