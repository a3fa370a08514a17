// The configuration file, read strictly into airlock.config.v1.Config.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "airlock/config/v1/config.pb.h"
#include "common/config/problems.h"

namespace airlock {

// A larger file is refused without being read.
inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

// A configuration as it stands in its file: keys and types are right where no
// problem says otherwise, values are not checked yet.
struct ConfigReading {
  config::v1::Config config;
  ProblemList problems;
};

// Reads a JSON text. Unknown, duplicate and mistyped keys, null, text that is
// not JSON or not UTF-8: each is an error with its key path. Never blocks.
ConfigReading ReadConfigText(absl::string_view text);

// Reads a regular file of at most kMaxConfigBytes. A file that cannot be read
// is one error without a key path. Blocks on the file system.
ConfigReading ReadConfigFile(const std::string& path);

}  // namespace airlock
