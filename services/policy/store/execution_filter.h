// Which executions are asked for.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "airlock/v1/execution.pb.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// The ids a page of a query may have: from `first` on, and before `end`. Ids
// sort by the time they were made, to the millisecond; Passes() looks closer.
struct IdRange {
  std::string first;
  std::string end;
};
IdRange IdRangeOf(const ExecutionQuery& query);

// Whether `query` lets `execution` through, its text aside. Pure.
bool Passes(const ExecutionQuery& query,
            const airlock::v1::Execution& execution);

// Whether `text` stands in the action of the serialized ExecutionSpec `spec`;
// in all of it where that cannot be read. Pure.
bool AsksFor(absl::string_view spec, absl::string_view text);

}  // namespace airlock::policy
