// What is kept of an execution's output when it has ended.
#pragma once

#include <cstddef>

#include "airlock/internal/v1/stored.pb.h"
#include "services/policy/dispatch/execution_feed.h"
#include "services/policy/dispatch/output_log.h"

namespace airlock::policy {

// Of both streams together: a quarter of each stream's half is its beginning,
// the rest its end.
inline constexpr std::size_t kMaxStoredOutputBytes = std::size_t{128} << 10;

airlock::internal::v1::StoredOutput OutputToStore(const OutputLog& log);

// Tells stored output to a feed to which nothing was told yet.
void AddStoredOutput(const airlock::internal::v1::StoredOutput& output,
                     ExecutionFeed& feed);

}  // namespace airlock::policy
