// How many questions are open.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "services/policy/store/store.h"

namespace airlock::policy {

// Counts the questions of `agent`, or of all if it is empty, that are open now,
// page by page. `done` comes from the store's thread, or before this returns.
// `store` must outlive the call.
void CountPending(Store& store, const std::string& agent,
                  std::function<void(absl::StatusOr<std::uint32_t>)> done);

}  // namespace airlock::policy
