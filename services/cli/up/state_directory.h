// Where `airlock up` keeps what must outlive it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
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

}  // namespace airlock::cli
