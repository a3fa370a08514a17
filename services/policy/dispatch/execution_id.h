// Names for executions.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock::policy {

// A new id: 26 characters of lower-case Crockford base 32, the first ten of
// them the time in milliseconds, so that ids sort by age; the other sixteen are
// random. The form is that of a ULID (github.com/ulid/spec).
std::string NewExecutionId(absl::Time now);

// Whether `text` has that form.
bool IsExecutionId(absl::string_view text);

}  // namespace airlock::policy
