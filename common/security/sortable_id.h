// Names that sort by age and cannot be guessed.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace airlock {

// A new id: 26 characters of lower-case Crockford base 32, the first ten of
// them the time in milliseconds, so that ids sort by age; the other sixteen are
// random. The form is that of a ULID (github.com/ulid/spec).
std::string NewSortableId(absl::Time now);

// Sorts before every id that was made in the millisecond of `time` or later,
// and after every one that was made before.
std::string SortableIdFloor(absl::Time time);

// Whether `text` has that form.
bool IsSortableId(absl::string_view text);

}  // namespace airlock
