// The policy in force, and how another one takes its place.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/config_source.h"
#include "common/config/contract.h"
#include "common/config/file_watch.h"
#include "common/config/problems.h"
#include "common/time/clock.h"

namespace airlock::policy {

// A policy that was read and checked. Immutable.
struct LoadedPolicy {
  // Never nullptr.
  std::shared_ptr<const Contract> contract;
  // PolicyVersionOf() its configuration.
  std::string version;
  // Since when it is in force.
  absl::Time loaded_at;
  // DecidingSections() as their file has them: indented JSON.
  std::string config_json;
};

// How one reload went.
struct PolicyReload {
  // OK: what is in the file is in force. Else every error, one a line; what was
  // in force stays.
  absl::Status status;
  // The version in force before, and the one in force now. Equal: nothing that
  // decides has changed.
  std::string old_version;
  std::string version;
  // Keys that differ from those the process was started with, and take effect
  // only when it, or an executor, is started again. In the file's order.
  std::vector<std::string> need_restart;
};

// Holds the policy in force. A decision takes Current() once and keeps it for
// as long as it needs one consistent answer. Current(), reload_error() and
// AskReload() are thread-safe; Reload() and Poll() are for one thread.
class PolicySource {
 public:
  // Called after each reload, in the thread that reloaded, with no lock held.
  using Listener = std::function<void(const PolicyReload&)>;

  // How long a changed file must stay as it is before it is read.
  static constexpr absl::Duration kSettle = absl::Seconds(1);

  // `contract` is the checked one of `config`. `listener` may be empty; `clock`
  // must outlive this.
  PolicySource(config::v1::Config config,
               std::shared_ptr<const Contract> contract, ConfigSource source,
               Listener listener, const Clock& clock);

  // The policy in force; never nullptr.
  std::shared_ptr<const LoadedPolicy> Current() const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Why the newest configuration is not in force. Empty: it is.
  std::string reload_error() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The next Poll() reloads. For signals.
  void AskReload() { asked_ = true; }

  // Reloads if that was asked for, or if the file has changed and stayed so for
  // kSettle. For a Ticker of about a second. Blocks on the file system.
  void Poll();

  // Reads the configuration again, now. Only what the contract's sections say
  // takes effect. Invalid: the old one stays, and the status has every error.
  // FAILED_PRECONDITION if there is no way to read it again.
  absl::Status Reload();

 private:
  PolicyReload ReadAgain() ABSL_LOCKS_EXCLUDED(mutex_);
  void Replace(std::shared_ptr<const LoadedPolicy> policy)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What the process runs with, but for the contract.
  const config::v1::Config started_with_;
  const ConfigSource source_;
  const Listener listener_;
  const Clock& clock_;
  std::optional<FileWatch> watch_;
  std::atomic<bool> asked_ = false;

  mutable absl::Mutex mutex_;
  std::shared_ptr<const LoadedPolicy> current_ ABSL_GUARDED_BY(mutex_);
  std::string reload_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace airlock::policy
