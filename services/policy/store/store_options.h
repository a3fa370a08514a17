// How a store is opened.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace airlock::policy {

// Who counts what a store in a file does. Each may be empty. They may be
// called from any thread, and must not block or call the store.
struct StoreObserver {
  // So many transactions became durable together, and it took so long.
  std::function<void(absl::Duration commit_time, std::size_t group)> on_commit;
  // What was to become durable did not, for a reason of the store's.
  std::function<void(const absl::Status& error)> on_failure;
};

// Where one commit of a store in a file stands.
enum class CommitPoint {
  // All of it is written, and none of it is durable yet.
  kBefore,
  // All of it is durable, and nobody was told yet.
  kAfter,
};

// Where and how much.
struct StoreOptions {
  // The file; others stand beside it under the same name. Empty: memory, for as
  // long as the process lives.
  std::string path;
  // Executions kept; those that ended first are forgotten first, and what has
  // not ended never. In a file, also those that ended within a day are kept.
  std::size_t max_kept = 10'000;
  StoreObserver observer;
  // For tests, which kill the process there. Called by the writer at both
  // points of every commit, also of sweeps; empty in every program.
  std::function<void(CommitPoint)> failpoint = nullptr;
};

}  // namespace airlock::policy
