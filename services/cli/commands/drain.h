// Waiting until an executor is empty.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "airlock/v1/executor.pb.h"
#include "services/cli/client/airlock_client.h"

namespace airlock::cli {

// Looks at the executors again and again until `id`, which was asked to drain,
// has neither executions nor sessions; returns it. `tell` is called with how
// far it is, whenever that changes.
//
// kAborted: it takes work again. kNotFound: it went away before it was empty,
// or is not known. kDeadlineExceeded: it is not empty at `deadline`; it goes on
// draining.
absl::StatusOr<airlock::v1::Executor> AwaitDrained(
    AirlockClient& client, const std::string& id, absl::Time deadline,
    const std::function<void(absl::string_view)>& tell);

// The executor of this id. kNotFound: there is none.
absl::StatusOr<airlock::v1::Executor> FindExecutor(AirlockClient& client,
                                                   const std::string& id);

}  // namespace airlock::cli
