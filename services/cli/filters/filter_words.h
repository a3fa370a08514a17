// Words and times of the command line that say what to look for. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace airlock::cli {

// A time: "2026-11-27T10:15:00Z", the day "2026-11-27" (UTC), or how long ago,
// such as "90m" or "7d". kInvalidArgument names `option`.
absl::StatusOr<absl::Time> TimeFromText(absl::string_view text,
                                        absl::string_view option,
                                        absl::Time now);

// The value of `type` whose word this is, as EnumWord() has them; the first one
// of an enum is none. kInvalidArgument names `option` and what would do.
absl::StatusOr<int> ValueFromWord(const google::protobuf::EnumDescriptor& type,
                                  const std::string& word,
                                  absl::string_view option);

}  // namespace airlock::cli
