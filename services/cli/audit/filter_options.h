// Which records of the audit, as the command line says it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/audit.pb.h"

namespace airlock::cli {

// Empty where nothing was said.
struct FilterOptions {
  std::string since = {};
  std::string until = {};
  std::string agent = {};
  std::string action = {};
  std::string outcome = {};
  std::string type = {};
  std::string text = {};
  std::string execution = {};
};

// The filter that `options` mean. kInvalidArgument names the option and says
// what would do. Pure.
absl::StatusOr<airlock::v1::AuditFilter> FilterFromOptions(
    const FilterOptions& options, absl::Time now);

}  // namespace airlock::cli
