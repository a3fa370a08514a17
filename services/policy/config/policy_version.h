// What of a configuration is a policy, and a short name for what it says.
#pragma once

#include <string>

#include "airlock/config/v1/config.pb.h"

namespace airlock::policy {

// The sections of `config` that decide: `sandbox`, `autonomy`, `approvalGating`
// and `agents`. Pure.
config::v1::Config DecidingSections(const config::v1::Config& config);

// Twelve hexadecimal digits of the SHA-256 over the sections that decide. Equal
// content has an equal version, whatever the order of keys and the blanks in
// the file; a default that is written out is other content. Pure.
std::string PolicyVersionOf(const config::v1::Config& config);

}  // namespace airlock::policy
