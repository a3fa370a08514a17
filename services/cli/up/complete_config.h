// A person's configuration, completed with what `airlock up` knows itself.
#pragma once

#include "airlock/config/v1/config.pb.h"
#include "services/cli/up/state_directory.h"

namespace airlock::cli {

// Stands for "wherever this process's policy service listens" until that is
// known: port 1 is nobody's.
inline constexpr char kOwnPolicyTarget[] = "127.0.0.1:1";

// Sets each required key of the `gateway`, `policy` and `executor` sections
// that is absent: certificates, keys and tokens of the state directory, and
// each other as peers; and keeps the store and the audit's checkpoints there.
// What is there stays. The sections of the contract are not touched.
config::v1::Config CompleteConfig(config::v1::Config config,
                                  const StatePaths& paths);

}  // namespace airlock::cli
