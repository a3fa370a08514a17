// What all requests for a page of something have in common.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/security/authenticator.h"
#include "common/status/error.h"
#include "google/protobuf/timestamp.pb.h"

namespace airlock::policy {

// Adds a violation for a negative `page_size`. Pure.
void CheckPageSize(int page_size, FieldViolations& violations);

// How many that is: 0 is read as 50, and what is more than 500 as 500. Pure.
int EffectivePageSize(int page_size);

// Adds a violation for each bound of a range of time that is set and is no time
// of the years 1 to 9999, and for a range that ends before it begins or there.
// `prefix` is put before the names "from_time" and "to_time"; unset bounds are
// nullptr. Pure.
void CheckTimeRange(const google::protobuf::Timestamp* from,
                    const google::protobuf::Timestamp* to,
                    absl::string_view prefix, FieldViolations& violations);

// Adds a violation for a `text` of more than `max_bytes`. Pure.
void CheckLength(absl::string_view text, std::size_t max_bytes,
                 absl::string_view field, FieldViolations& violations);

// Adds a violation for a kind that this version does not know. Pure.
void CheckKind(int kind, absl::string_view field, FieldViolations& violations);

// Whose things are listed when a principal asks for those of `agent`: empty
// means everybody's. PERMISSION_DENIED with reason OTHER_AGENT: an agent asks
// for others. Pure.
absl::StatusOr<std::string> AgentToList(const Principal& principal,
                                        const std::string& agent);

}  // namespace airlock::policy
