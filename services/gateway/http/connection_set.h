// The connections of a server that are open.
#pragma once

#include <prometheus/gauge.h>

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace airlock::gateway {

// What a server needs of a connection that is open.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;

  // On the server's thread: ends after the answer that is under way, or at
  // once. A stream ends now.
  virtual void Stop(bool at_once) = 0;
};

// The connections that are open. The server's thread adds, removes and stops
// them; any thread may wait.
class ConnectionSet {
 public:
  // `gauge` may be null.
  explicit ConnectionSet(prometheus::Gauge* gauge) : gauge_(gauge) {}

  void Add(OpenConnection& connection);
  void Remove(OpenConnection& connection);
  void StopAll(bool at_once);
  std::size_t size() const;
  // Whether the last one went before `deadline`.
  bool AwaitEmpty(absl::Time deadline) const;

 private:
  prometheus::Gauge* const gauge_;
  mutable absl::Mutex mutex_;
  absl::flat_hash_set<OpenConnection*> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::gateway
