// Which executions, as the command line says it.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "airlock/v1/execution.pb.h"
#include "airlock/v1/report.pb.h"

namespace airlock::cli {

// Empty where nothing was said.
struct RangeOptions {
  std::string since = {};
  std::string until = {};
  std::string agent = {};
};
struct ExecutionFilterOptions {
  RangeOptions range = {};
  std::string action = {};
  std::string state = {};
  std::string ended_by = {};
  std::string text = {};
};

// The request, or the part of one, that `options` mean. kInvalidArgument names
// the option and says what would do. Pure.
absl::StatusOr<airlock::v1::ListExecutionsRequest> ListRequestFromOptions(
    const ExecutionFilterOptions& options, absl::Time now);
absl::StatusOr<airlock::v1::ReportRange> RangeFromOptions(
    const RangeOptions& options, absl::Time now);

}  // namespace airlock::cli
