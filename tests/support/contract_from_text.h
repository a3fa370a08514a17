// Contracts for tests, from the JSON a user would write.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/string_view.h"
#include "common/config/config_file.h"
#include "common/config/contract.h"

namespace airlock {

// The checked contract of a configuration; nullptr, and a failed test, if it
// has errors.
inline std::shared_ptr<const Contract> ContractFromText(
    absl::string_view text) {
  ConfigReading reading = ReadConfigText(text);
  std::shared_ptr<const Contract> contract =
      ContractFromConfig(reading.config, reading.problems);
  EXPECT_FALSE(reading.problems.has_errors())
      << FormatProblems(reading.problems);
  return reading.problems.has_errors() ? nullptr : contract;
}

// Every problem of a configuration.
inline std::vector<ConfigProblem> ContractProblems(absl::string_view text) {
  ConfigReading reading = ReadConfigText(text);
  const bool has_contract =
      ContractFromConfig(reading.config, reading.problems) != nullptr;
  EXPECT_TRUE(has_contract || reading.problems.has_errors());
  return reading.problems.problems();
}

}  // namespace airlock
