// Where `airlock up` keeps what must outlive it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/security/secret.h"
#include "services/cli/files/small_file.h"

namespace airlock::cli {

// Paths in a state directory.
struct StatePaths {
  explicit StatePaths(const std::string& state_directory);

  std::string directory;
  // Made by `airlock certs init`.
  std::string certificates;
  // Hashes of the principals' tokens.
  std::string principals;
  // The tokens of the agent "demo" and of the operator "operator".
  std::string agent_token;
  std::string operator_token;
  // The configuration that is used when none is named.
  std::string config;
  // The executor's own state.
  std::string executor;
  // What the policy service remembers, and the audit's checkpoints.
  std::string database;
  std::string audit_checkpoints;
  // Seals the cookies of the page.
  std::string web_key;

  // A file of the certificates' directory.
  std::string Certificate(const std::string& name) const;
};

// A state directory with everything in it that the services need, locked while
// this lives.
class StateDirectory {
 public:
  // Makes what is missing: the directory, certificates (good for `hosts` too),
  // tokens, a configuration; leaves alone what is there. kUnavailable: another
  // `airlock up` uses it. kFailedPrecondition: its certificates have expired.
  static absl::StatusOr<StateDirectory> Open(
      const std::string& directory, const std::vector<std::string>& hosts,
      absl::Time now);

  const StatePaths& paths() const { return paths_; }

 private:
  StateDirectory(StatePaths paths, FileLock lock)
      : paths_(std::move(paths)), lock_(std::move(lock)) {}

  StatePaths paths_;
  FileLock lock_;
};

// Makes the approver "approver" if the file of principals has no approver at
// all, and returns its token; nothing: there is one. The token is kept nowhere,
// only its hash, so that what can read the state directory, such as an agent
// that runs as the same user, cannot approve: who is shown it has to keep it.
absl::StatusOr<std::optional<Secret>> MakeApprover(const StatePaths& paths);

}  // namespace airlock::cli
