// The policy service without its network, over a store in a file.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/security/ed25519.h"
#include "prometheus/registry.h"
#include "services/policy/config/policy_source.h"
#include "services/policy/dispatch/dispatcher.h"
#include "services/policy/store/sqlite/sqlite_store.h"
#include "tests/integration/policy/counted_store.h"
#include "tests/integration/policy/ledger.h"
#include "tests/support/fake_clock.h"

namespace airlock::policy {

// What stays the same over all restarts.
struct World {
  // Holds the store and the ledger.
  std::string directory;
  // When the world began. Only what passes in it counts.
  absl::Time beginning;
  std::shared_ptr<const SigningKey> key;

  std::string store_path() const { return directory + "/store.db"; }
  std::string ledger_path() const { return directory + "/ledger"; }
};

// One run of the service. Time and the policy are where the ledger says.
class Service {
 public:
  // Opens the store. `failpoint` may be empty.
  Service(const World& world, Ledger& ledger,
          std::function<void(CommitPoint)> failpoint);
  // What is under way is waited for; nothing that was only held in memory is
  // written, as after a kill.
  ~Service();

  // Takes up what the store remembers. Before that only store() may be used.
  void Begin();

  // Time passes, without anything that comes of it.
  void Advance(absl::Duration by);
  // The rules of the agent "pol" deny everything from now on.
  void ForbidPol();

  Dispatcher& dispatcher() { return *dispatcher_; }
  CountedStore& store() { return store_; }
  const FakeClock& clock() const { return clock_; }

 private:
  Ledger& ledger_;
  FakeClock clock_;
  // What the next reload reads.
  std::string config_;
  PolicySource policy_;
  const GrantMinter minter_;
  prometheus::Registry registry_;
  PolicyMetrics metrics_{registry_};
  const std::unique_ptr<SqliteStore> file_;
  CountedStore store_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace airlock::policy
