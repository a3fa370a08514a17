// What all requests for a page of something have in common.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/security/authenticator.h"
#include "common/status/error.h"

namespace airlock::policy {

// Adds a violation for a negative `page_size`. Pure.
void CheckPageSize(int page_size, FieldViolations& violations);

// How many that is: 0 is read as 50, and what is more than 500 as 500. Pure.
int EffectivePageSize(int page_size);

// Whose things are listed when a principal asks for those of `agent`: empty
// means everybody's. PERMISSION_DENIED with reason OTHER_AGENT: an agent asks
// for others. Pure.
absl::StatusOr<std::string> AgentToList(const Principal& principal,
                                        const std::string& agent);

}  // namespace airlock::policy
