// Recorded requests, decided by another configuration.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "airlock/v1/report.pb.h"
#include "common/config/contract.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// The contract of a configuration that is only tried, read as the service reads
// its own; sections that do not decide are not looked at beyond their keys.
// INVALID_ARGUMENT: the violations name the keys that are wrong. Pure.
absl::StatusOr<std::shared_ptr<const Contract>> ContractToTry(
    absl::string_view config);

// Decides recorded requests again and groups those that come out otherwise:
// with another effect, whatever says so. Nothing is changed or run. Not
// thread-safe.
class PolicyReplay {
 public:
  static constexpr int kMaxExamples = 5;
  // Groups in one result, those with most requests.
  static constexpr std::size_t kMaxChanges = 500;

  explicit PolicyReplay(std::shared_ptr<const Contract> contract)
      : contract_(std::move(contract)) {}

  // The next one, newest first, with its spec.
  void Add(const ExecutionHistory& recorded);

  // How many were decided so far.
  std::uint32_t requests() const { return result_.requests(); }

  // `complete`: whether all that is kept was added.
  airlock::v1::ReplayResult Take(bool complete) &&;

 private:
  // Effect, rule and reason, before and after.
  using ChangeKey =
      std::tuple<int, std::string, std::string, int, std::string, std::string>;

  const std::shared_ptr<const Contract> contract_;
  airlock::v1::ReplayResult result_;
  std::map<ChangeKey, airlock::v1::ReplayChange> changes_;
};

}  // namespace airlock::policy
